import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cookieOf, logInByForm, type FormLogin } from '../support/forms.js';
import { join, login as logInElsewhere } from '../support/people.js';
import { startService, type Answered, type RequestOptions, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com' });
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const NOT_AUTHENTICATED = { detail: 'Not authenticated' };
const NO_PERMISSION = { detail: 'No permission -- see authorization schemes' };
const BAD_REFRESH = { detail: 'Refresh token is missing or invalid.' };

const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

const refresh = (options: RequestOptions = {}): Promise<Answered<FormLogin>> =>
  service.request('POST', '/api/v1/auth/refresh', options);
const logout = (options: RequestOptions = {}): Promise<Answered> =>
  service.request('POST', '/api/v1/auth/logout', options);
const me = (headers: Record<string, string>): Promise<Answered> =>
  service.request('GET', '/api/v1/auth/me', { headers });

/** What a refresh token says; its signature is another one each time. */
const successorOf = ({ refresh_token: { token } }: FormLogin): string => token.slice(0, token.lastIndexOf('.'));

interface SignedIn {
  email: string;
  access: string;
  token: string;
  cookie: string;
}

async function signIn(email?: string): Promise<SignedIn> {
  const address = email ?? (await join(service)).user.email;
  const answer = await logInByForm(service, address);
  const { access_token: access, refresh_token: token } = answer.body;
  return { email: address, access: access.token, token: token.token, cookie: cookieOf(answer).pair };
}

function refuses(answer: Answered, body: object): void {
  expect(answer.body).toEqual(body);
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe(body === NOT_AUTHENTICATED ? 'Bearer' : null);
  expect(answer.headers.getSetCookie()).toEqual([]);
}

describe('the header', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'JWT', 'jwt'])('may say %s', async (scheme) => {
    const { access } = await signIn();
    expect((await me({ authorization: `${scheme} ${access}` })).status).toBe(200);
  });

  it.each(['', 'Basic dXNlcjpwYXNz', 'Token abc', 'nonsense'])('%j is no credentials', async (authorization) => {
    refuses(await me({ authorization }), NOT_AUTHENTICATED);
    refuses(await refresh({ headers: { authorization }, body: { token: 'x' } }), NOT_AUTHENTICATED);
  });

  it.each(['Bearer', 'Bearer a b', 'Bearer garbage', 'Bearer a.b.c'])('%j is no permission', async (authorization) => {
    refuses(await me({ authorization }), NO_PERMISSION);
    refuses(await refresh({ headers: { authorization }, body: { token: 'x' } }), NO_PERMISSION);
    refuses(await logout({ headers: { authorization } }), NO_PERMISSION);
  });

  it('needs to be there', async () => {
    for (const answer of [await me({}), await logout(), await refresh(), await refresh({ body: { token: 'x' } })]) {
      refuses(answer, NOT_AUTHENTICATED);
    }
  });

  it('is good on every surface, wherever its token came from', async () => {
    const { access, email } = await signIn();
    expect((await service.request('GET', '/api/auth/me/', { token: access })).status).toBe(200);
    const { body } = await logInElsewhere(service, email);
    expect((await me({ authorization: `Bearer ${body.access}` })).status).toBe(200);
  });
});

describe('an access token is refused', () => {
  it('when it is a refresh token, or has expired', async () => {
    const { token, access } = await signIn();
    refuses(await me({ authorization: `Bearer ${token}` }), NO_PERMISSION);
    later(604_801);
    refuses(await me({ authorization: `Bearer ${access}` }), NO_PERMISSION);
  });

  it('when its account is disabled, or gone', async () => {
    const { email, access } = await signIn();
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    refuses(await me({ authorization: `Bearer ${access}` }), NO_PERMISSION);
    await service.sql('DELETE FROM users WHERE email = $1', [email]);
    refuses(await me({ authorization: `Bearer ${access}` }), NO_PERMISSION);
  });
});

describe('refresh with a token in the body', () => {
  it('needs no more than the token and an access token', async () => {
    const { access, token, email } = await signIn();
    const answer = await refresh({ token: access, body: { token } });
    expect(answer.status).toBe(200);
    expect(answer.body.username).toBe(email);
    expect(cookieOf(answer).value).toBe(answer.body.refresh_token.token);
    const next = await refresh({
      token: answer.body.access_token.token,
      body: { token: answer.body.refresh_token.token, expires_in: '31536000', token_type: 'Bearer', more: 1 },
    });
    expect(next.status).toBe(200);
  });

  it('takes an access token that has expired, but not one of a session that has ended', async () => {
    const { access, token, email } = await signIn();
    const other = await signIn(email);
    later(604_801);
    const answer = await refresh({ token: access, body: { token } });
    expect(answer.status).toBe(200);
    expect((await me({ authorization: `Bearer ${answer.body.access_token.token}` })).status).toBe(200);
    await logout({ token: answer.body.access_token.token });
    refuses(await refresh({ token: access, body: { token: other.token } }), NO_PERMISSION);
    refuses(await refresh({ token: access, body: { token: answer.body.refresh_token.token } }), BAD_REFRESH);
    later(31_536_000);
    refuses(await refresh({ token: other.access, body: { token: other.token } }), BAD_REFRESH);
  });

  it('takes no refresh token and no stranger for an access token', async () => {
    const { token, access, email } = await signIn();
    refuses(await refresh({ token, body: { token } }), NO_PERMISSION);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    refuses(await refresh({ token: access, body: { token } }), NO_PERMISSION);
  });

  it.each(['', 'garbage', 'a.b.c'])('refuses %j', async (token) => {
    const { access } = await signIn();
    refuses(await refresh({ token: access, body: { token } }), BAD_REFRESH);
  });

  it('refuses an access token, a token of another surface, and one of an ended session', async () => {
    const { access, email } = await signIn();
    refuses(await refresh({ token: access, body: { token: access } }), BAD_REFRESH);
    const { body: elsewhere } = await logInElsewhere(service, email);
    refuses(await refresh({ token: access, body: { token: elsewhere.refresh } }), BAD_REFRESH);
    expect((await me({ authorization: `Bearer ${elsewhere.access}` })).status).toBe(200);
    const ended = await signIn(email);
    await logout({ token: ended.access });
    refuses(await refresh({ token: access, body: { token: ended.token } }), BAD_REFRESH);
  });

  it('gives the parent its successor again, and ends the session for an older one', async () => {
    const { access, token, email } = await signIn();
    const other = await signIn(email);
    const second = (await refresh({ token: access, body: { token } })).body;
    const again = (await refresh({ token: access, body: { token } })).body;
    expect(successorOf(again)).toBe(successorOf(second));
    await refresh({ token: access, body: { token: second.refresh_token.token } });
    refuses(await refresh({ token: other.access, body: { token } }), BAD_REFRESH);
    refuses(await me({ authorization: `Bearer ${access}` }), NO_PERMISSION);
    expect((await service.smtp.next(email, 2)).subject).toBe('We signed a device out of your account');
  });

  it('gives sixteen who ask at once one successor', async () => {
    const { access, token } = await signIn();
    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh({ token: access, body: { token } })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    expect(new Set(answers.map(({ body }) => successorOf(body))).size).toBe(1);
  });

  it('does not stretch a session past its end', async () => {
    const { access, token } = await signIn();
    later(31_536_000 - 600);
    const { body } = await refresh({ token: access, body: { token } });
    expect([body.access_token.expires_in, body.refresh_token.expires_in]).toEqual([
      expect.closeTo(600, -1),
      expect.closeTo(600, -1),
    ]);
    const [, payload = ''] = body.refresh_token.token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<'exp' | 'iat', number>;
    expect(claims.exp - claims.iat).toBe(body.refresh_token.expires_in);
  });
});

describe('refresh with the cookie', () => {
  it('needs nothing else, and sets the next one', async () => {
    const { cookie } = await signIn();
    const answer = await refresh({ headers: { cookie } });
    expect(answer.status).toBe(200);
    expect(cookieOf(answer)).toEqual({
      pair: `refresh_token=${answer.body.refresh_token.token}`,
      value: answer.body.refresh_token.token,
      attributes: [
        'HttpOnly',
        expect.stringMatching(/^Max-Age=3153\d{4}$/),
        'Path=/api/v1/auth',
        'SameSite=Lax',
        'Secure',
      ],
    });
    const next = { cookie: cookieOf(answer).pair, authorization: 'Bearer garbage' };
    expect((await refresh({ headers: next, body: '' })).status).toBe(200);
    expect((await refresh({ headers: next, body: {} })).status).toBe(200);
  });

  it('sixteen times at once has one successor', async () => {
    const { cookie } = await signIn();
    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh({ headers: { cookie } })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    expect(new Set(answers.map(({ body }) => successorOf(body))).size).toBe(1);
  });

  it('is refused where the cookie is no good', async () => {
    const { cookie, access } = await signIn();
    refuses(await refresh({ headers: { cookie: 'refresh_token=garbage' } }), BAD_REFRESH);
    refuses(await refresh({ headers: { cookie: `refresh_token=${access}` } }), BAD_REFRESH);
    refuses(await refresh({ headers: { cookie: 'refresh_token=' } }), NOT_AUTHENTICATED);
    await logout({ token: access });
    refuses(await refresh({ headers: { cookie } }), BAD_REFRESH);
  });

  it('looks at a token in the body first, and asks for an access token then', async () => {
    const { cookie, token, access } = await signIn();
    refuses(await refresh({ headers: { cookie }, body: { token } }), NOT_AUTHENTICATED);
    // A page that has lost its token sends what it finds in its store.
    for (const lost of [null, '']) {
      const again = await signIn();
      expect((await refresh({ headers: { cookie: again.cookie }, body: { token: lost } })).status).toBe(200);
    }
    refuses(await refresh({ headers: { cookie }, token: access, body: { token: 'garbage' } }), BAD_REFRESH);
    expect((await refresh({ headers: { cookie }, token: access, body: { token } })).status).toBe(200);
  });

  it.each<[Record<string, string>]>([
    [{ origin: 'https://app.example.com' }],
    [{ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }],
    [{ origin: 'https://auth.test' }],
    [{ origin: 'https://auth.test:8443' }],
    [{ origin: 'https://www.auth.test', 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
  ])('counts where %j', async (headers) => {
    const { cookie } = await signIn();
    expect((await refresh({ headers: { cookie, ...headers } })).status).toBe(200);
  });

  it('counts on the very host that was called', async () => {
    const { cookie } = await signIn();
    expect((await refresh({ headers: { cookie, origin: service.url } })).status).toBe(200);
  });

  it.each<[Record<string, string>]>([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://auth.test' }],
    [{ origin: 'https://auth.test.evil.example' }],
    [{ origin: 'https://evilauth.test' }],
    [{ origin: 'http://app.example.com' }],
    [{ origin: 'https://www.auth.test', 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'nonsense' }],
  ])('counts as absent where %j', async (headers) => {
    const { cookie, token, access } = await signIn();
    refuses(await refresh({ headers: { cookie, ...headers } }), NOT_AUTHENTICATED);
    const answer = await refresh({ headers: { cookie, ...headers }, token: access, body: {} });
    expect(answer.status).toBe(422);
    // Nothing was used up.
    expect((await refresh({ token: access, body: { token }, headers })).status).toBe(200);
  });
});

describe('refresh without what it needs', () => {
  const missing = (loc: string[], input: unknown): object => ({
    detail: [{ type: 'missing', loc, msg: 'Field required', input }],
  });

  it.each<[unknown, object]>([
    [undefined, missing(['body'], null)],
    ['null', missing(['body'], null)],
    [{}, missing(['body', 'token'], {})],
    [{ expires_in: 1, password: 'secretpassword' }, missing(['body', 'token'], { expires_in: 1, password: null })],
    [
      { token: 1, expires_in: 'x', token_type: null },
      {
        detail: [
          { type: 'string_type', loc: ['body', 'token'], msg: 'Input should be a valid string', input: 1 },
          {
            type: 'int_parsing',
            loc: ['body', 'expires_in'],
            msg: 'Input should be a valid integer, unable to parse string as an integer',
            input: 'x',
          },
          { type: 'string_type', loc: ['body', 'token_type'], msg: 'Input should be a valid string', input: null },
        ],
      },
    ],
    [
      { token: 'x', expires_in: 1.5 },
      {
        detail: [
          {
            type: 'int_from_float',
            loc: ['body', 'expires_in'],
            msg: 'Input should be a valid integer, got a number with a fractional part',
            input: 1.5,
          },
        ],
      },
    ],
    [
      { token: 'x', expires_in: [] },
      {
        detail: [{ type: 'int_type', loc: ['body', 'expires_in'], msg: 'Input should be a valid integer', input: [] }],
      },
    ],
  ])('%j', async (body, expected) => {
    const { access } = await signIn();
    const answer = await refresh({ token: access, ...(body === undefined ? {} : { body }) });
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(422);
  });
});

describe('logout', () => {
  it('ends the session, with the cookie or without', async () => {
    for (const withCookie of [true, false]) {
      const { access, token, cookie, email } = await signIn();
      const other = await signIn(email);
      const answer = await logout({ token: access, headers: withCookie ? { cookie } : {} });
      expect(answer.body).toEqual({ message: 'Logged out successfully.' });
      expect(answer.status).toBe(200);
      expect(cookieOf(answer).attributes).toContain('Max-Age=0');
      refuses(await me({ authorization: `Bearer ${access}` }), NO_PERMISSION);
      refuses(await logout({ token: access, headers: { cookie } }), NO_PERMISSION);
      refuses(await refresh({ headers: { cookie } }), BAD_REFRESH);
      refuses(await refresh({ token: other.access, body: { token } }), BAD_REFRESH);
      expect((await me({ authorization: `Bearer ${other.access}` })).status).toBe(200);
    }
  });

  it('works by its access token where the cookie is foreign, and not by the cookie alone', async () => {
    const { access, cookie } = await signIn();
    refuses(await logout({ headers: { cookie } }), NOT_AUTHENTICATED);
    expect((await me({ authorization: `Bearer ${access}` })).status).toBe(200);
    const headers = { cookie, origin: 'https://evil.example' };
    expect((await logout({ token: access, headers })).status).toBe(200);
    refuses(await me({ authorization: `Bearer ${access}` }), NO_PERMISSION);
  });

  it('is done for one of sixteen at least, and for the others no worse than refused', async () => {
    const { access, cookie } = await signIn();
    const answers = await Promise.all(Array.from({ length: 16 }, () => logout({ token: access, headers: { cookie } })));
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(answers.every(({ status }) => [200, 401].includes(status))).toBe(true);
  });
});
