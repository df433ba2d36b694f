import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { arrive, logIn, PASSWORD, signUp, type Person } from '../support/djoser.js';
import { join, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const TEXT = 'Not a valid string.';

const post = <Body>(action: string, body: unknown): Promise<Answered<Body>> =>
  service.request('POST', `/auth/jwt/${action}/`, { body });
const renew = (refresh: unknown): Promise<Answered<{ access: string }>> => post('refresh', { refresh });
const verify = (token: unknown): Promise<Answered> => post('verify', { token });
const me = (authorization: string): Promise<Answered<{ email: string }>> =>
  service.request('GET', '/auth/users/me/', { headers: { authorization } });
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as never;
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};
const logOutEverywhere = async ({ access }: Person): Promise<void> => {
  const { body: other } = await logIn(service, (await me(`JWT ${access}`)).body.email);
  const done = await service.request('POST', '/auth/users/set_password/', {
    token: other.access,
    body: { new_password: PASSWORD, current_password: PASSWORD },
  });
  expect(done.status).toBe(204);
};

const bad = (detail: string): object => ({ detail, code: 'token_not_valid' });
const expectRefused = (answer: Answered, body: object): void => {
  expect([answer.status, answer.body]).toEqual([401, body]);
  expect(answer.headers.get('www-authenticate')).toBe('JWT realm="api"');
};

describe('create', () => {
  it.each<[object, object]>([
    [{}, { email: [REQUIRED], password: [REQUIRED] }],
    [{ username: 'a@example.com', password: 'x' }, { email: [REQUIRED] }],
    [
      { email: ' ', password: '' },
      { email: [BLANK], password: [BLANK] },
    ],
    [
      { email: null, password: null },
      { email: [NULL], password: [NULL] },
    ],
    [
      { email: ['a'], password: { a: 1 } },
      { email: [TEXT], password: [TEXT] },
    ],
    [{ email: 'a\0', password: 'x' }, { email: ['Null characters are not allowed.'] }],
  ])('does not read %j', async (body, expected) => {
    const answer = await post('create', body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  });

  it('tells nobody what was wrong: password, address, or state', async () => {
    const pending = someone();
    await signUp(service, pending);
    const { user } = await arrive(service);
    const disabled = await arrive(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE id = $1`, [disabled.user.id]);
    for (const [email, password] of [
      [user.email, 'wrong'],
      [user.email, ` ${PASSWORD}`],
      [user.email, PASSWORD.toUpperCase()],
      ['nobody@example.com', PASSWORD],
      ['no address', PASSWORD],
      [pending, PASSWORD],
      [disabled.user.email, PASSWORD],
      [user.email, 'p'.repeat(5_000)],
    ] as const) {
      expectRefused(await logIn(service, email, password), {
        detail: 'No active account found with the given credentials',
      });
    }
  });

  it('answers a pair whose claims name the account by its number', async () => {
    const { user, access, refresh } = await arrive(service);
    const common = {
      iss: 'https://auth.test',
      aud: 'https://auth.test',
      user_id: String(user.id),
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      iat: expect.any(Number) as number,
      exp: expect.any(Number) as number,
    };
    expect(claimsOf(access)).toEqual({ ...common, token_type: 'access', role: 'Viewer' });
    expect(claimsOf(refresh)).toEqual({ ...common, token_type: 'refresh' });
    const life = (token: string): number => Number(claimsOf(token).exp) - Number(claimsOf(token).iat);
    expect([life(access), life(refresh)]).toEqual([3_600, 1_209_600]);
  });

  it('takes the address in any case, and a form', async () => {
    const { user } = await arrive(service);
    expect((await logIn(service, ` ${user.email.toUpperCase()} `)).status).toBe(200);
    const form = new URLSearchParams({ email: user.email, password: PASSWORD });
    expect((await post('create', form)).status).toBe(200);
  });
});

describe('refresh', () => {
  it.each<[object, object]>([
    [{}, { refresh: [REQUIRED] }],
    [{ refresh: '' }, { refresh: [BLANK] }],
    [{ refresh: null }, { refresh: [NULL] }],
    [{ refresh: [1] }, { refresh: [TEXT] }],
  ])('does not read %j', async (body, expected) => {
    const answer = await post('refresh', body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  });

  it('gives a new access token, and the refresh token stays', async () => {
    const { access, refresh } = await arrive(service);
    let latest = access;
    for (let time = 0; time < 3; time += 1) {
      later(600);
      const answer = await renew(refresh);
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.body)).toEqual(['access']);
      expect(answer.body.access).not.toBe(latest);
      latest = answer.body.access;
      expect((await me(`JWT ${latest}`)).status).toBe(200);
      expect(claimsOf(latest)).toMatchObject({ user_id: claimsOf(access).user_id, sid: claimsOf(access).sid });
      expect(Number(claimsOf(latest).exp) - Number(claimsOf(latest).iat)).toBe(3_600);
    }
  });

  it('does not stretch a session past its end', async () => {
    const { refresh } = await arrive(service);
    later(1_209_600 - 600);
    const { body } = await renew(refresh);
    expect(claimsOf(body.access).exp).toBe(claimsOf(refresh).exp);
    later(601);
    expectRefused(await renew(refresh), bad('Token is expired'));
  });

  it('refuses what is no refresh token of this surface', async () => {
    const { access } = await arrive(service);
    const elsewhere = await join(service);
    expectRefused(await renew('garbage'), bad('Token is invalid'));
    expectRefused(await renew(access), bad('Token has wrong type'));
    expectRefused(await renew(elsewhere.refresh), bad('Token is invalid'));
    expect((await service.request('GET', '/api/auth/me/', { token: elsewhere.access })).status).toBe(200);
  });

  it('refuses a session that has ended, and an account that is disabled or gone', async () => {
    const person = await arrive(service);
    await logOutEverywhere(person);
    expectRefused(await renew(person.refresh), bad('Token is blacklisted'));
    const { refresh, user } = await arrive(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE id = $1`, [user.id]);
    expectRefused(await renew(refresh), { detail: 'No active account found for the given token.' });
    await service.sql('DELETE FROM users WHERE id = $1', [user.id]);
    expectRefused(await renew(refresh), bad('Token is blacklisted'));
  });

  it.skipIf(isEmbedded)('answers all of many at once', async () => {
    const { refresh } = await arrive(service);
    const answers = await Promise.all(Array.from({ length: 16 }, () => renew(refresh)));
    for (const { status, body } of answers)
      expect([status, (await me(`JWT ${body.access}`)).status]).toEqual([200, 200]);
  });
});

describe('verify', () => {
  it.each<[object, object]>([
    [{}, { token: [REQUIRED] }],
    [{ token: '' }, { token: [BLANK] }],
    [{ token: null }, { token: [NULL] }],
    [{ token: {} }, { token: [TEXT] }],
  ])('does not read %j', async (body, expected) => {
    const answer = await post('verify', body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  });

  it('accepts both kinds while they are good, and access tokens of any surface', async () => {
    const { access, refresh } = await arrive(service);
    const elsewhere = await join(service);
    for (const token of [access, refresh, elsewhere.access]) {
      const answer = await verify(token);
      expect([answer.status, answer.body]).toEqual([200, {}]);
    }
    expectRefused(await verify(elsewhere.refresh), bad('Token is invalid'));
  });

  it('refuses garbage and what has expired', async () => {
    const { access, refresh } = await arrive(service);
    for (const token of ['garbage', 'a.b.c', `${access}x`, 12])
      expectRefused(await verify(token), bad('Token is invalid'));
    later(3_601);
    expectRefused(await verify(access), bad('Token is expired'));
    expect((await verify(refresh)).status).toBe(200);
    later(1_209_600);
    expectRefused(await verify(refresh), bad('Token is expired'));
  });

  it('knows what has ended', async () => {
    const person = await arrive(service);
    await logOutEverywhere(person);
    expectRefused(await verify(person.access), bad('Token is invalid'));
    const answer = await verify(person.refresh);
    expect([answer.status, answer.body]).toEqual([400, { non_field_errors: ['Token is blacklisted'] }]);
  });

  it('knows a session that is past its end though its tokens are not', async () => {
    const { access, refresh, user } = await arrive(service);
    await service.sql(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [user.id]);
    expectRefused(await verify(access), bad('Token is invalid'));
    expect((await verify(refresh)).body).toEqual({ non_field_errors: ['Token is blacklisted'] });
  });

  it('knows whose account is disabled or gone', async () => {
    const { access, refresh, user } = await arrive(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE id = $1`, [user.id]);
    for (const token of [access, refresh]) expectRefused(await verify(token), bad('Token is invalid'));
    await service.sql('DELETE FROM users WHERE id = $1', [user.id]);
    expectRefused(await verify(access), bad('Token is invalid'));
    expect((await verify(refresh)).body).toEqual({ non_field_errors: ['Token is blacklisted'] });
  });
});

describe('the header', () => {
  const given = (message: string): object => ({
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  });

  it.each(['JWT', 'jwt', 'Bearer', 'bearer'])('may say %s', async (scheme) => {
    const { access } = await arrive(service);
    expect((await me(`${scheme} ${access}`)).status).toBe(200);
  });

  it('takes access tokens of other surfaces, and ours are taken there', async () => {
    const { access, user } = await join(service);
    expect((await me(`JWT ${access}`)).body).toMatchObject({ email: user.email });
    const person = await arrive(service);
    const answer = await service.request('GET', '/api/auth/me/', { token: person.access });
    expect(answer.body).toMatchObject({ email: person.user.email });
  });

  it('is refused in the words of the contract', async () => {
    const person = await arrive(service);
    expectRefused(await me(''), { detail: 'Authentication credentials were not provided.' });
    expectRefused(await me(`Token ${'0'.repeat(40)}`), { detail: 'Authentication credentials were not provided.' });
    for (const header of ['JWT', 'JWT a b']) {
      expectRefused(await me(header), {
        detail: 'Authorization header must contain two space-delimited values',
        code: 'bad_authorization_header',
      });
    }
    expectRefused(await me('JWT garbage'), given('Token is invalid'));
    expectRefused(await me(`JWT ${person.refresh}`), given('Token has wrong type'));
    await logOutEverywhere(person);
    expectRefused(await me(`JWT ${person.access}`), given('Token is invalid'));
    const other = await arrive(service);
    later(3_601);
    expectRefused(await me(`JWT ${other.access}`), given('Token is expired'));
    vi.useRealTimers();
    await service.sql(`UPDATE users SET state = 'disabled' WHERE id = $1`, [other.user.id]);
    expectRefused(await me(`JWT ${other.access}`), { detail: 'User is inactive', code: 'user_inactive' });
    await service.sql('DELETE FROM users WHERE id = $1', [other.user.id]);
    expectRefused(await me(`JWT ${other.access}`), { detail: 'User not found', code: 'user_not_found' });
  });
});
