import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieOf, logInByForm, type FormLogin } from '../support/forms.js';
import { join, PASSWORD, register, someone } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
  await join(service, 'jane@example.com', { username: 'Jane.Doe', first_name: 'Jane' });
});
afterAll(() => service.close());

const PATHS = ['/api/v1/auth/login', '/api/v1/auth/token'] as const;
const REFUSED = { detail: 'User not found or invalid credentials' };

const missing = (field: string): object => ({
  type: 'missing',
  loc: ['body', field],
  msg: 'Field required',
  input: null,
});

describe('the one who logs in', () => {
  it.each(['Jane.Doe', 'jane.doe', 'JANE.DOE', 'jane@example.com', 'JANE@Example.com'])('may be %s', async (name) => {
    const { status, body } = await logInByForm(service, name);
    expect([status, body.username]).toEqual([200, 'Jane.Doe']);
  });

  it('goes by the e-mail address where there is no username', async () => {
    const { user } = await join(service);
    const { body } = await logInByForm(service, user.email);
    expect(body.username).toBe(user.email);
    const me = await service.request<{ username: string; name: string }>('GET', '/api/v1/auth/me', {
      token: body.access_token.token,
    });
    expect([me.body.username, me.body.name]).toEqual([user.email, '']);
  });

  it('may have a username that looks like an address, unless it is that of somebody else', async () => {
    const mine = someone();
    const { user } = await join(service);
    await join(service, mine, { username: 'jane@home' });
    expect((await logInByForm(service, 'Jane@Home')).body.username).toBe('jane@home');
    await service.sql(`UPDATE users SET username = $1, username_canonical = $1 WHERE email = $2`, [user.email, mine]);
    expect((await logInByForm(service, user.email)).body.username).toBe(user.email);
    expect(
      (
        await service.request<{ email: string }>('GET', '/api/v1/auth/me', {
          token: (await logInByForm(service, user.email)).body.access_token.token,
        })
      ).body.email,
    ).toBe(user.email);
  });

  it.each(PATHS)('is refused at %s in one way, whatever is wrong', async (path) => {
    const pending = someone();
    await register(service, pending);
    const { user: disabled } = await join(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [disabled.email]);
    for (const [username, password] of [
      ['nobody', PASSWORD],
      ['nobody@example.com', PASSWORD],
      ['no address@', PASSWORD],
      ['jane.doe', 'wrongpassword123'],
      ['jane.doe', ` ${PASSWORD}`],
      ['jane.doe', 'x'.repeat(10_000)],
      ['x'.repeat(10_000), PASSWORD],
      [pending, PASSWORD],
      [disabled.email, PASSWORD],
    ] as const) {
      const answer = await service.request('POST', path, { body: new URLSearchParams({ username, password }) });
      expect(answer.body).toEqual(REFUSED);
      expect(answer.status).toBe(401);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });
});

describe.each(PATHS)('%s', (path) => {
  it('takes both kinds of forms, with the fields of OAuth 2', async () => {
    const fields = { grant_type: 'password', scope: 'a b', client_id: 'web', client_secret: 's', more: 'x' };
    const form = new FormData();
    const pairs = { username: 'jane.doe', password: PASSWORD, ...fields };
    for (const [name, value] of Object.entries(pairs)) form.set(name, value);
    for (const body of [form, new URLSearchParams(pairs)]) {
      // A client that has no secret still says so, and a public route looks at no credentials.
      const headers = { authorization: `Basic ${btoa(':')}` };
      expect((await service.request('POST', path, { body, headers })).status).toBe(200);
    }
  });

  it('names every field that is missing or empty', async () => {
    const both = { detail: [missing('username'), missing('password')] };
    const empty = new URLSearchParams({ username: '', password: '', grant_type: '' });
    for (const options of [
      {},
      { body: new URLSearchParams() },
      { body: empty },
      { body: { username: 'jane.doe', password: PASSWORD } },
      { body: '{' },
      { body: '<a/>', headers: { 'content-type': 'application/xml' } },
    ]) {
      const answer = await service.request('POST', path, options);
      expect(answer.body).toEqual(both);
      expect(answer.status).toBe(422);
    }
    const answer = await service.request('POST', path, { body: new URLSearchParams({ password: PASSWORD }) });
    expect(answer.body).toEqual({ detail: [missing('username')] });
  });

  it('knows one grant', async () => {
    const pairs = { username: 'jane.doe', password: PASSWORD, grant_type: 'refresh_token' };
    const answer = await service.request('POST', path, { body: new URLSearchParams(pairs) });
    expect(answer.body).toEqual({
      detail: [
        {
          type: 'string_pattern_mismatch',
          loc: ['body', 'grant_type'],
          msg: "String should match pattern '^password$'",
          input: 'refresh_token',
          ctx: { pattern: '^password$' },
        },
      ],
    });
    expect(answer.status).toBe(422);
  });

  it('refuses files and null characters, and tells no password back', async () => {
    const form = new FormData();
    form.set('username', new Blob(['jane.doe']), 'name.txt');
    form.set('password', `${PASSWORD}\0`);
    const answer = await service.request('POST', path, { body: form });
    expect(answer.body).toEqual({
      detail: [
        { type: 'string_type', loc: ['body', 'username'], msg: 'Input should be a valid string', input: null },
        {
          type: 'value_error',
          loc: ['body', 'password'],
          msg: 'Value error, Null characters are not allowed.',
          input: null,
        },
      ],
    });
    const headers = { 'content-type': 'multipart/form-data' };
    const broken = await service.request('POST', path, { body: 'nonsense', headers });
    expect(broken.body).toEqual({ detail: 'There was an error parsing the body' });
    expect(broken.status).toBe(400);
  });
});

describe('lifetimes', () => {
  it('are those of the tokens, and end with the session', async () => {
    const login = (await logInByForm(service, 'jane.doe')).body;
    for (const { token, expires_in: life } of [login.access_token, login.refresh_token]) {
      const claims = claimsOf(token);
      expect(Number(claims.exp) - Number(claims.iat)).toBe(life);
      expect(claims.user_id).toBe('1');
    }
    const body = new URLSearchParams({ username: 'jane.doe', password: PASSWORD });
    const { body: token } = await service.request<{ access_token: string }>('POST', '/api/v1/auth/token', { body });
    const [session] = await service.sql<{ life: string }>(
      'SELECT extract(epoch FROM expires_at - created_at) AS life FROM sessions WHERE id = $1',
      [claimsOf(token.access_token).sid],
    );
    expect(Number(session?.life)).toBeCloseTo(604_800, -1);
  });
});

describe('settings', () => {
  it('set the lifetimes, and where the cookie may go', async () => {
    await service.close();
    service = await startService({
      API_V1_ACCESS_TTL: '60',
      API_V1_REFRESH_TTL: '600',
      API_V1_COOKIE_SECURE: 'off',
      API_V1_RESET_PASSWORD_URL: 'https://app.example.com/reset-password?token={token}',
    });
    await join(service, 'john@example.com');
    const answer = await logInByForm(service, 'john@example.com');
    const { access_token: access, refresh_token: refresh } = answer.body satisfies FormLogin;
    expect([access.expires_in, refresh.expires_in]).toEqual([60, 600]);
    expect(cookieOf(answer).attributes).toEqual(['HttpOnly', 'Max-Age=600', 'Path=/api/v1/auth', 'SameSite=Lax']);
    await service.request('POST', '/api/v1/auth/password-recovery/john@example.com');
    const mail = await service.smtp.next('john@example.com', 2);
    expect(mail.text).toContain('https://app.example.com/reset-password?token=');
  });
});

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}
