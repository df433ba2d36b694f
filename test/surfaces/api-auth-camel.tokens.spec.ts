import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { enter, getToken, signUp } from '../support/camel-people.js';
import { PASSWORD, register, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const ACCESS_TTL = 2_592_000;
const REFRESH_TTL = 7_776_000;

const login = (body: unknown): Promise<Answered> => service.request('POST', '/api/auth/get-token/', { body });
const settings = (authorization?: string): Promise<Answered> =>
  service.request('GET', '/api/users/settings/', authorization === undefined ? {} : { headers: { authorization } });
const refresh = (token: string): Promise<Answered<{ access: string; refresh: string }>> =>
  service.request('POST', '/api/auth/token/refresh/', { body: { refresh: token } });
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

const NO_ACCOUNT = { detail: 'No active account found with the given credentials' };
const badToken = (message: string): object => ({
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ tokenClass: 'AccessToken', tokenType: 'access', message }],
});
const INVALID_OR_EXPIRED = badToken('Token is invalid or expired');

function expectUnauthorized(answer: Answered, body: object): void {
  expect([answer.status, answer.body]).toEqual([401, body]);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
}

describe('logging in', () => {
  it.each<[object, object]>([
    [{}, { email: ['This field is required.'], password: ['This field is required.'] }],
    [
      { email: '', password: '' },
      { email: ['This field may not be blank.'], password: ['This field may not be blank.'] },
    ],
    [
      { email: null, password: null },
      { email: ['This field may not be null.'], password: ['This field may not be null.'] },
    ],
    [
      { email: true, password: [1] },
      { email: ['Not a valid string.'], password: ['Not a valid string.'] },
    ],
    [{ email: 'a\0', password: 'x' }, { email: ['Null characters are not allowed.'] }],
  ])('%j is not read', async (body, expected) => {
    const answer = await login(body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  });

  it('says one thing of unknown, wrong, no address, pending and disabled', async () => {
    const email = someone();
    await signUp(service, email);
    const pending = someone();
    await register(service, pending);
    const disabled = someone();
    await signUp(service, disabled);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [disabled]);
    for (const body of [
      { email: someone(), password: PASSWORD },
      { email, password: 'wrong' },
      { email, password: `${PASSWORD} ` },
      { email, password: 'x'.repeat(10_000) },
      { email: 'no address', password: PASSWORD },
      { email: 7, password: PASSWORD },
      { email: pending, password: PASSWORD },
      { email: disabled, password: PASSWORD },
    ]) {
      expectUnauthorized(await login(body), NO_ACCOUNT);
    }
  });

  it('takes the address in any spelling, and accounts of other surfaces', async () => {
    const email = someone();
    await signUp(service, email);
    expect((await getToken(service, ` ${email.toUpperCase()} `)).status).toBe(200);
  });
});

describe('tokens', () => {
  it('say what the contract lists, and live as long as the settings say', async () => {
    const person = await enter(service);
    const [row] = await service.sql<{ id: number; public_id: string }>(
      'SELECT id, public_id FROM users WHERE email = $1',
      [person.email],
    );
    const common = {
      iss: 'https://auth.test',
      aud: 'https://auth.test',
      sub: row!.public_id,
      user_id: String(row!.id),
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      iat: expect.any(Number) as number,
      exp: expect.any(Number) as number,
    };
    const access = claimsOf(person.access);
    const refreshed = claimsOf(person.refresh);
    expect(access).toEqual({ ...common, token_type: 'access', role: 'Viewer' });
    expect(refreshed).toEqual({ ...common, token_type: 'refresh' });
    expect(Number(access.exp) - Number(access.iat)).toBe(ACCESS_TTL);
    expect(Number(refreshed.exp) - Number(refreshed.iat)).toBe(REFRESH_TTL);
  });

  it('work on every surface, and those of every surface work here', async () => {
    const { access, email } = await enter(service);
    const me = await service.request<{ email: string }>('GET', '/api/auth/me/', { token: access });
    expect(me.body.email).toBe(email);
    const other = await service.request<{ access: string }>('POST', '/api/auth/login/', {
      body: { email, password: PASSWORD },
    });
    expect((await settings(`JWT ${other.body.access}`)).status).toBe(200);
  });

  it('are refreshed where surface 000 refreshes its own: they rotate, with the lifetimes of this surface', async () => {
    const first = await enter(service);
    later(3_600);
    const { body: second, status } = await refresh(first.refresh);
    expect(status).toBe(200);
    expect(Object.keys(second).toSorted()).toEqual(['access', 'refresh']);
    const access = claimsOf(second.access);
    expect(Number(access.exp) - Number(access.iat)).toBe(ACCESS_TTL);
    expect(access.user_id).toBe(claimsOf(first.access).user_id);
    // The session ends when it would have ended anyway.
    expect(claimsOf(second.refresh).exp).toBe(claimsOf(first.refresh).exp);
    expect((await settings(`JWT ${second.access}`)).status).toBe(200);
    later(3_600);
    const reused = await refresh(first.refresh);
    expectUnauthorized(reused, { detail: 'Token is blacklisted', code: 'token_not_valid' });
    expectUnauthorized(await settings(`JWT ${second.access}`), INVALID_OR_EXPIRED);
  });
});

describe('the header', () => {
  it.each(['JWT', 'jwt', 'Bearer', 'bearer'])('may say %s', async (scheme) => {
    const { access } = await enter(service);
    expect((await settings(`${scheme} ${access}`)).status).toBe(200);
  });

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'Token abc', 'nonsense'])('%j is no credentials', async (header) => {
    expectUnauthorized(await settings(header), { detail: 'Authentication credentials were not provided.' });
  });

  it.each(['JWT', 'Bearer', 'JWT a b'])('%j is not a scheme and a token', async (header) => {
    expectUnauthorized(await settings(header), {
      detail: 'Authorization header must contain two space-delimited values',
      code: 'bad_authorization_header',
    });
  });

  it('is not looked at where anybody may enter', async () => {
    const headers = { authorization: 'JWT nonsense' };
    const email = someone();
    const body = { email, password: PASSWORD, password2: PASSWORD };
    expect((await service.request('POST', '/api/auth/signup/', { body, headers })).status).toBe(201);
    expect((await service.request('POST', '/api/auth/get-token/', { body, headers })).status).toBe(200);
    const path = `/api/auth/reset-password/?email=${email}`;
    expect((await service.request('GET', path, { headers })).status).toBe(200);
  });
});

describe('an access token is refused', () => {
  it('in one sentence, whatever is wrong with it', async () => {
    const { access, email } = await enter(service);
    for (const token of ['garbage', 'a.b.c', `${access}x`]) {
      expectUnauthorized(await settings(`JWT ${token}`), INVALID_OR_EXPIRED);
    }
    await service.sql(
      `UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
      [email],
    );
    expectUnauthorized(await settings(`JWT ${access}`), INVALID_OR_EXPIRED);
  });

  it('when it has expired', async () => {
    const { access } = await enter(service);
    later(ACCESS_TTL - 1);
    expect((await settings(`JWT ${access}`)).status).toBe(200);
    later(2);
    expectUnauthorized(await settings(`JWT ${access}`), INVALID_OR_EXPIRED);
  });

  it('when it is a refresh token', async () => {
    const person = await enter(service);
    expectUnauthorized(await settings(`JWT ${person.refresh}`), badToken('Token has wrong type'));
  });

  it('when its account was disabled, or is gone', async () => {
    const { access, email } = await enter(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expectUnauthorized(await settings(`JWT ${access}`), { detail: 'User is inactive', code: 'user_inactive' });
    await service.sql('DELETE FROM users WHERE email = $1', [email]);
    expectUnauthorized(await settings(`JWT ${access}`), { detail: 'User not found', code: 'user_not_found' });
  });
});
