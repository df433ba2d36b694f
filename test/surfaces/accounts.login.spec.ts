import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { invite, joinAccounts, logIn, newcomer, post, type Member, type Tokens } from '../support/accounts.js';
import { join, PASSWORD, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const say = (text: string): object => ({ detail: text, msg: text });
const WRONG = say('Email or Password in incorrect');
const UNVERIFIED = say('Please verify your email address to activate your account.');
const badRefresh = (detail: string): object => ({ detail, code: 'token_not_valid' });

interface Refreshed {
  access: string;
  refresh: string;
  access_token: string;
  refresh_token: string;
}

const refresh = (body: unknown): Promise<Answered<Refreshed>> => post(service, 'token/refresh/', body);
const dashboard = (token: string): Promise<Answered> => service.request('GET', '/accounts/api/dashboard/', { token });
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const sessionsOf = (email: string): Promise<unknown[]> =>
  service.sql('SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1', [email]);

describe('login', () => {
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
      { email: {}, password: [] },
      { email: ['Enter a valid email address.'], password: ['Not a valid string.'] },
    ],
    [{ email: 'plain', password: 'x' }, { email: ['Enter a valid email address.'] }],
  ])('refuses %j', async (body, expected) => {
    const answer = await post(service, 'login/', body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
  });

  it('does not tell an unknown address from a wrong password', async () => {
    const { email } = await joinAccounts(service);
    for (const [who, password] of [
      [someone(), PASSWORD],
      [email, 'wrongpassword1'],
      [email, ` ${PASSWORD}`],
      [email, 'x'.repeat(5_000)],
    ] as const) {
      const answer = await logIn(service, who, password);
      expect([answer.status, answer.body]).toEqual([401, WRONG]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    }
  });

  it('asks for a verified address, of whoever knows the password', async () => {
    const { email } = await invite(service);
    for (const state of ['pending', 'active', 'disabled']) {
      await service.sql('UPDATE users SET state = $2 WHERE email = $1', [email, state]);
      expect((await logIn(service, email, 'wrongpassword1')).body).toEqual(WRONG);
      const answer = await logIn(service, email);
      expect([state, answer.status, answer.body]).toEqual([state, 401, UNVERIFIED]);
    }
    expect(await sessionsOf(email)).toEqual([]);
  });

  it('knows the address in every spelling, reads forms, ignores the header', async () => {
    const { email } = await joinAccounts(service);
    const form = new URLSearchParams({ email: ` ${email.toUpperCase()} `, password: PASSWORD });
    const answer = await service.request('POST', '/accounts/api/login/', {
      body: form,
      headers: { authorization: 'Bearer nonsense' },
    });
    expect(answer.status).toBe(200);
  });

  it('greets by the address where there is no username', async () => {
    const { user } = await join(service);
    expect((await logIn(service, user.email)).body.msg).toBe(` Congrats ${user.email} your credentials verfied.`);
  });

  it('opens a session of an hour and a week, whose tokens name the account by its number', async () => {
    const { email } = await joinAccounts(service);
    const { body } = await logIn(service, email);
    const [row] = await service.sql<{ id: number; public_id: string }>(
      'SELECT id, public_id FROM users WHERE email = $1',
      [email],
    );
    for (const [token, type, life] of [
      [body.access_token, 'access', 3_600],
      [body.refresh_token, 'refresh', 604_800],
    ] as const) {
      const claims = claimsOf(token);
      expect(claims).toMatchObject({ user_id: String(row?.id), sub: row?.public_id, token_type: type });
      expect((claims.exp as number) - (claims.iat as number)).toBe(life);
    }
  });

  it('gives an access token that every surface takes, and takes those of others', async () => {
    const { access, email } = await joinAccounts(service);
    for (const scheme of ['Bearer', 'JWT', 'bearer']) {
      const me = await service.request<{ email: string }>('GET', '/api/auth/me/', {
        headers: { authorization: `${scheme} ${access}` },
      });
      expect(me.body.email).toBe(email);
    }
    const other = await join(service);
    expect((await dashboard(other.access)).status).toBe(200);
  });
});

describe('token/refresh', () => {
  it('answers the next pair under both names, for either name', async () => {
    const { refresh: first } = await joinAccounts(service);
    const { status, body } = await refresh({ refresh: first });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['access', 'refresh', 'access_token', 'refresh_token']);
    expect([body.access_token, body.refresh_token]).toEqual([body.access, body.refresh]);
    expect(body.refresh).not.toBe(first);
    const next = await refresh({ refresh_token: body.refresh });
    expect(next.status).toBe(200);
    expect((await dashboard(next.body.access)).status).toBe(200);
    expect((await refresh({ refresh_token: 'nonsense', refresh: next.body.refresh })).status).toBe(200);
  });

  it.each<[object, string]>([
    [{}, 'This field is required.'],
    [{ refresh: '' }, 'This field may not be blank.'],
    [{ refresh_token: '' }, 'This field may not be blank.'],
    [{ refresh: null }, 'This field may not be null.'],
    [{ refresh: ['x'] }, 'Not a valid string.'],
    [{ refresh_token: true }, 'Not a valid string.'],
  ])('refuses %j', async (body, message) => {
    const answer = await refresh(body);
    expect([answer.status, answer.body]).toEqual([400, { refresh: [message] }]);
  });

  it('refuses what is no refresh token of this surface', async () => {
    const { access } = await joinAccounts(service);
    const other = await join(service);
    for (const [token, detail] of [
      ['nonsense', 'Token is invalid'],
      [7, 'Token is invalid'],
      [access, 'Token has wrong type'],
      [other.refresh, 'Token is invalid'],
    ] as const) {
      const answer = await refresh({ refresh: token });
      expect([answer.status, answer.body]).toEqual([401, badRefresh(detail)]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    }
    const there = await service.request('POST', '/api/auth/token/refresh/', { body: { refresh: other.refresh } });
    expect(there.status).toBe(200);
  });

  it('refuses one that has expired, and one that was replaced a while ago, which ends the session', async () => {
    const member = await joinAccounts(service);
    await refresh({ refresh: member.refresh });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 21_000 });
    const reused = await refresh({ refresh: member.refresh });
    expect([reused.status, reused.body]).toEqual([401, badRefresh('Token is blacklisted')]);
    expect((await dashboard(member.access)).status).toBe(401);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 604_800_000 });
    expect((await refresh({ refresh: member.refresh })).body).toEqual(badRefresh('Token is expired'));
  });

  it('refuses that of an account that is not active', async () => {
    const { email, refresh: token } = await joinAccounts(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    const answer = await refresh({ refresh: token });
    expect([answer.status, answer.body]).toEqual([401, { detail: 'No active account found for the given token.' }]);
  });

  it.skipIf(isEmbedded)('gives sixteen who ask at once the same successor', async () => {
    const { refresh: token } = await joinAccounts(service);
    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh({ refresh_token: token })));
    expect(new Set(answers.map(({ body }) => claimsOf(body.refresh).jti)).size).toBe(1);
  });
});

describe('a protected route', () => {
  const PATHS = [
    ['GET', 'dashboard/'],
    ['GET', 'get/profile/'],
    ['GET', 'get/history/'],
    ['POST', 'update/profile/'],
    ['POST', 'change/password/'],
  ] as const;
  const badAccess = (message: string): object => ({
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  });
  let member: Member;
  beforeAll(async () => {
    member = await joinAccounts(service);
  });

  it.each(PATHS)('%s %s says what is wrong with the credentials', async (method, path) => {
    const refused: [string | undefined, object][] = [
      [undefined, { detail: 'Authentication credentials were not provided.' }],
      ['Basic x', { detail: 'Authentication credentials were not provided.' }],
      [
        'Bearer',
        {
          detail: 'Authorization header must contain two space-delimited values',
          code: 'bad_authorization_header',
        },
      ],
      ['Bearer nonsense', badAccess('Token is invalid')],
      [`Bearer ${member.refresh}`, badAccess('Token has wrong type')],
    ];
    for (const [authorization, body] of refused) {
      const answer = await service.request(method, `/accounts/api/${path}`, {
        headers: authorization === undefined ? {} : { authorization },
        ...(method === 'POST' ? { body: 'not even read' } : {}),
      });
      expect([authorization, answer.status, answer.body]).toEqual([authorization, 401, body]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    }
  });

  it('refuses a token that has expired, and those of accounts that are disabled or gone', async () => {
    const { access, email } = await joinAccounts(service);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_601_000 });
    expect((await dashboard(access)).body).toEqual(badAccess('Token is expired'));
    vi.useRealTimers();
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expect((await dashboard(access)).body).toEqual({ detail: 'User is inactive', code: 'user_inactive' });
    await service.sql('DELETE FROM users WHERE email = $1', [email]);
    expect((await dashboard(access)).body).toEqual({ detail: 'User not found', code: 'user_not_found' });
  });
});

describe('the settings', () => {
  it('hold lifetimes, links and a signature', async () => {
    await service.close();
    service = await startService({
      ACCOUNTS_ACCESS_TTL: '60',
      ACCOUNTS_REFRESH_TTL: '120',
      ACCOUNTS_VERIFY_URL: 'https://spa.example.com/activation/{uidb64}/{token}',
      ACCOUNTS_RESET_PASSWORD_URL: 'https://spa.example.com/reset#{uid}.{token}',
      ACCOUNTS_SIGNATURE: 'Ünal & Co.',
    });
    const body = newcomer();
    const { body: answer } = await post<Tokens>(service, 'registration/', body);
    expect(answer.msg).toMatch(/ thank you by admin\(Ünal & Co\.\)\.$/);
    const { text } = await service.smtp.next(body.email);
    const [, uid = '', token = ''] =
      /https:\/\/spa\.example\.com\/activation\/(\w+)\/([0-9a-f]{32})\s/.exec(text) ?? [];
    expect((await post(service, `verify/token/${uid}/${token}/`)).status).toBe(200);
    const { body: tokens } = await logIn(service, body.email);
    for (const [jwt, life] of [
      [tokens.access_token, 60],
      [tokens.refresh_token, 120],
    ] as const) {
      const { exp, iat } = claimsOf(jwt);
      expect((exp as number) - (iat as number)).toBe(life);
    }
    await post(service, 'forget/password/', { email: body.email });
    expect((await service.smtp.next(body.email, 2)).text).toMatch(
      /https:\/\/spa\.example\.com\/reset#\w+\.[0-9a-f]{32}\s/,
    );
  });
});
