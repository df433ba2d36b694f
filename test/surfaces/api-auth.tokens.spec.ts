import { createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { MasterKey } from '../../src/platform/crypto/master-key.js';
import { join, login, type LoginBody } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService({ API_AUTH_ACCESS_TTL: '1800', API_AUTH_REFRESH_TTL: '604800' });
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const me = (authorization?: string): Promise<Answered> =>
  service.request('GET', '/api/auth/me/', authorization === undefined ? {} : { headers: { authorization } });
const refresh = (token: unknown): Promise<Answered<LoginBody>> =>
  service.request('POST', '/api/auth/token/refresh/', { body: { refresh: token } });
const logout = (access: string, body: unknown): Promise<Answered> =>
  service.request('POST', '/api/auth/logout/', { token: access, body });

const parts = (token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } => {
  const [header = '', claims = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header) as never, claims: JSON.parse(claims) as never };
};
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const es256 = (key: KeyObject, header: object, claims: object): string => {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};

const badAccess = (message: string): object => ({
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
});
const badRefresh = (detail: string): object => ({ detail, code: 'token_not_valid' });

const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

describe('the header', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'JWT', 'jwt'])('may say %s', async (scheme) => {
    const { access } = await join(service);
    expect((await me(`${scheme} ${access}`)).status).toBe(200);
    expect((await me(`${scheme}   ${access} `)).status).toBe(200);
  });

  it.each([undefined, '', '   ', 'Basic dXNlcjpwYXNz', 'Token abc', 'nonsense'])(
    '%j is no credentials',
    async (header) => {
      const answer = await me(header);
      expect(answer.body).toEqual({ detail: 'Authentication credentials were not provided.' });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    },
  );

  it.each(['Bearer', 'JWT', 'bearer ', 'Bearer a b', 'Bearer a b c'])(
    '%j is not a scheme and a token',
    async (header) => {
      const answer = await me(header);
      expect(answer.body).toEqual({
        detail: 'Authorization header must contain two space-delimited values',
        code: 'bad_authorization_header',
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    },
  );
});

describe('an access token is refused', () => {
  it.each(['garbage', 'a.b.c', 'a..', '...', 'a.b.c.d', '\u00e9', 'x'.repeat(8_000)])(
    'when it is none (%#)',
    async (token) => {
      const answer = await me(`Bearer ${token}`);
      expect(answer.body).toEqual(badAccess('Token is invalid'));
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    },
  );

  it('when it has expired', async () => {
    const { access } = await join(service);
    later(1_799);
    expect((await me(`Bearer ${access}`)).status).toBe(200);
    later(2);
    expect((await me(`Bearer ${access}`)).body).toEqual(badAccess('Token is expired'));
  });

  it('when it is a refresh token', async () => {
    const login = await join(service);
    expect((await me(`Bearer ${login.refresh}`)).body).toEqual(badAccess('Token has wrong type'));
  });

  it('when its session has ended', async () => {
    const login = await join(service);
    await logout(login.access, { refresh: login.refresh });
    expect((await me(`Bearer ${login.access}`)).body).toEqual(badAccess('Token is invalid'));
  });

  it('when its session is past its end', async () => {
    const { access, user } = await join(service);
    await service.sql(
      `UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
      [user.email],
    );
    expect((await me(`Bearer ${access}`)).body).toEqual(badAccess('Token is invalid'));
  });

  it('when its account was disabled, or is gone', async () => {
    const { access, user } = await join(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [user.email]);
    const inactive = await me(`Bearer ${access}`);
    expect(inactive.body).toEqual({ detail: 'User is inactive', code: 'user_inactive' });
    expect(inactive.status).toBe(401);
    await service.sql('DELETE FROM users WHERE email = $1', [user.email]);
    const gone = await me(`Bearer ${access}`);
    expect(gone.body).toEqual({ detail: 'User not found', code: 'user_not_found' });
    expect(gone.status).toBe(401);
  });

  it('when anything about it was changed or made up', async () => {
    const { access, user } = await join(service);
    const { header, claims } = parts(access);
    const [head = '', body = '', signature = ''] = access.split('.');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [key] = await service.sql<{ kid: string; sealed_private_key: Buffer; public_jwk: object }>(
      'SELECT * FROM signing_keys',
    );
    const masterKey = new MasterKey(service.variables.SECRET_KEY ?? '');
    const own = createPrivateKey(masterKey.open('signing keys', key!.sealed_private_key, key!.kid));

    let hits = 0;
    const listener = createServer((_, response) => {
      hits += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/jwks.json`;

    const hs256 = (secret: Buffer | string): string => {
      const text = `${encode({ ...header, alg: 'HS256' })}.${body}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const unsigned = (alg: string): string => `${encode({ ...header, alg })}.${body}.`;
    const forged = [
      `${head}.${body}.`,
      `${head}.${encode({ ...claims, role: 'Admin' })}.${signature}`,
      `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
      ...['none', 'None', 'nOnE'].map(unsigned),
      hs256(JSON.stringify(key?.public_jwk)),
      hs256(''),
      es256(stranger.privateKey, header, claims),
      es256(stranger.privateKey, { ...header, jwk: stranger.publicKey.export({ format: 'jwk' }) }, claims),
      es256(stranger.privateKey, { ...header, jku: url, x5u: url }, claims),
      es256(own, { ...header, kid: '../../dev/null' }, claims),
      es256(own, { ...header, kid: "' OR 1=1 --" }, claims),
      es256(own, { ...header, kid: ['a'] }, claims),
      es256(own, { ...header, kid: '__proto__' }, claims),
      es256(own, { alg: 'ES256', typ: 'at+jwt' }, claims),
      es256(own, header, { ...claims, iss: 'https://other.test' }),
      es256(own, header, { ...claims, iss: ['https://auth.test', 'https://other.test'] }),
      es256(own, header, { ...claims, aud: 'https://other.test' }),
      es256(own, header, { ...claims, aud: undefined }),
      es256(own, header, { ...claims, exp: undefined }),
      es256(own, header, { ...claims, exp: String(claims.exp) }),
      es256(own, header, { ...claims, exp: 4e9 + 0.5 }),
      es256(own, header, { ...claims, sid: undefined }),
      es256(own, header, { ...claims, sid: "' OR 1=1 --" }),
      es256(own, header, { ...claims, sid: [claims.sid] }),
      es256(own, header, { ...claims, sub: '00000000-0000-4000-8000-000000000000' }),
      es256(own, header, { ...claims, user_id: 7 }),
    ];
    // The same key and the same claims are accepted, so what follows is refused for what was changed.
    expect((await me(`Bearer ${es256(own, header, claims)}`)).status).toBe(200);
    for (const [index, token] of forged.entries()) {
      const answer = await me(`Bearer ${token}`);
      expect([index, answer.status, answer.body]).toEqual([index, 401, badAccess('Token is invalid')]);
    }
    for (const type of ['refresh', 'pending', undefined]) {
      const answer = await me(`Bearer ${es256(own, header, { ...claims, token_type: type })}`);
      expect(answer.body).toEqual(badAccess('Token has wrong type'));
    }
    for (const typ of ['rt+jwt', 'JWT', 'AT+JWT', ['at+jwt'], undefined]) {
      const answer = await me(`Bearer ${es256(own, { ...header, typ }, claims)}`);
      expect([typ, answer.body]).toEqual([typ, badAccess('Token has wrong type')]);
    }
    expect(hits).toBe(0);
    listener.close();
    expect(user.role).toBe('Viewer');
  });
});

describe('tokens', () => {
  it('say what the contract lists, and live as long as the settings say', async () => {
    const { access, refresh, user } = await join(service);
    const a = parts(access);
    const r = parts(refresh);
    expect(a.header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) as string });
    expect(r.header).toEqual({ ...a.header, typ: 'rt+jwt' });
    const common = {
      iss: 'https://auth.test',
      aud: 'https://auth.test',
      sub: user.id,
      user_id: user.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      iat: expect.any(Number) as number,
      exp: expect.any(Number) as number,
    };
    expect(a.claims).toEqual({ ...common, token_type: 'access', role: 'Viewer' });
    expect(r.claims).toEqual({ ...common, token_type: 'refresh' });
    expect(Number(a.claims.exp) - Number(a.claims.iat)).toBe(1_800);
    expect(Number(r.claims.exp) - Number(r.claims.iat)).toBe(604_800);
    expect(a.claims.sid).toBe(r.claims.sid);
    expect(a.claims.jti).not.toBe(r.claims.jti);
  });
});

describe('refresh', () => {
  it.each<[object, object]>([
    [{}, { refresh: ['This field is required.'] }],
    [{ refresh: '' }, { refresh: ['This field may not be blank.'] }],
    [{ refresh: null }, { refresh: ['This field may not be null.'] }],
    [{ refresh: [1] }, { refresh: ['Not a valid string.'] }],
    [{ refresh: 'a\0' }, { refresh: ['Null characters are not allowed.'] }],
  ])('%j is not read', async (body, expected) => {
    const answer = await service.request('POST', '/api/auth/token/refresh/', { body });
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
  });

  it('gives a pair that works, and the old access token works on until it expires', async () => {
    const first = await join(service);
    const { body: second, status } = await refresh(first.refresh);
    expect(status).toBe(200);
    expect(Object.keys(second)).toEqual(['access', 'refresh']);
    for (const token of [first.access, second.access]) expect((await me(`Bearer ${token}`)).status).toBe(200);
    expect((await refresh(second.refresh)).status).toBe(200);
  });

  it('refuses what is no refresh token of ours', async () => {
    const { access } = await join(service);
    const garbage = await refresh('garbage');
    expect(garbage.body).toEqual(badRefresh('Token is invalid'));
    expect(garbage.status).toBe(401);
    expect(garbage.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect((await refresh(access)).body).toEqual(badRefresh('Token has wrong type'));
  });

  it('refuses an expired token', async () => {
    const { refresh: token } = await join(service);
    later(604_801);
    const answer = await refresh(token);
    expect(answer.body).toEqual(badRefresh('Token is expired'));
    expect(answer.status).toBe(401);
  });

  it('does not stretch a session past its end', async () => {
    const first = await join(service);
    later(604_800 - 600);
    const { body: second } = await refresh(first.refresh);
    const { claims } = parts(second.refresh);
    expect(claims.exp).toBe(parts(first.refresh).claims.exp);
    expect(parts(second.access).claims.exp).toBe(claims.exp);
  });

  it('refuses a session that was logged out, and sends no alarm', async () => {
    const { access, refresh: token, user } = await join(service);
    await logout(access, { refresh: token });
    expect((await refresh(token)).body).toEqual(badRefresh('Token is blacklisted'));
    expect(service.smtp.to(user.email)).toHaveLength(1);
  });

  it('refuses a disabled and a closed account', async () => {
    const { refresh: token, user } = await join(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [user.email]);
    const answer = await refresh(token);
    expect(answer.body).toEqual({ detail: 'No active account found for the given token.' });
    expect(answer.status).toBe(401);
    await service.sql('DELETE FROM users WHERE email = $1', [user.email]);
    expect((await refresh(token)).body).toEqual(badRefresh('Token is blacklisted'));
  });

  it('refuses a token of another surface, and ends nothing', async () => {
    const { access, refresh: token, user } = await join(service);
    await service.sql(
      `UPDATE sessions SET surface = 'djoser' WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
      [user.email],
    );
    expect((await refresh(token)).body).toEqual(badRefresh('Token is invalid'));
    expect((await me(`Bearer ${access}`)).status).toBe(200);
  });

  it('takes the tokens of the surface that shares its route', async () => {
    const { refresh: token, user } = await join(service);
    await service.sql(
      `UPDATE sessions SET surface = 'api-auth-camel' WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
      [user.email],
    );
    expect((await refresh(token)).status).toBe(200);
  });
});

describe('logout', () => {
  it.each([{}, { refresh: '' }, { refresh: null }, { refresh: 0 }, { refresh: false }, { refresh: [] }])(
    '%j: the token is missing',
    async (body) => {
      const { access } = await join(service);
      const answer = await logout(access, body);
      expect(answer.body).toEqual({ detail: 'Refresh token is required.' });
      expect(answer.status).toBe(400);
      expect((await me(`Bearer ${access}`)).status).toBe(200);
    },
  );

  it.each(['garbage', 12, true, ['x'], { a: 1 }, 'a\0b', '\ud800'])('%j is no refresh token', async (token) => {
    const { access } = await join(service);
    const answer = await logout(access, { refresh: token });
    expect(answer.body).toEqual({ detail: 'Invalid or expired refresh token.' });
    expect(answer.status).toBe(400);
    expect((await me(`Bearer ${access}`)).status).toBe(200);
  });

  it('needs the live refresh token of its own session, and ends no other', async () => {
    const mine = await join(service);
    const { body: other } = await login(service, mine.user.email);
    const stranger = await join(service);
    const { body: next } = await refresh(mine.refresh);
    for (const token of [other.refresh, stranger.refresh, mine.refresh, mine.access]) {
      const answer = await logout(mine.access, { refresh: token });
      expect(answer.body).toEqual({ detail: 'Invalid or expired refresh token.' });
      expect(answer.status).toBe(400);
    }
    for (const { access } of [mine, other, stranger]) expect((await me(`Bearer ${access}`)).status).toBe(200);

    expect((await logout(mine.access, { refresh: next.refresh })).status).toBe(200);

    for (const token of [mine.access, next.access]) expect((await me(`Bearer ${token}`)).status).toBe(401);
    for (const { access } of [other, stranger]) expect((await me(`Bearer ${access}`)).status).toBe(200);
  });

  it('asks who is calling before it reads the body', async () => {
    for (const body of ['{broken', '[1]', '{}']) {
      const answer = await service.request('POST', '/api/auth/logout/', { body });
      expect(answer.body).toEqual({ detail: 'Authentication credentials were not provided.' });
      expect(answer.status).toBe(401);
    }
  });

  it('reads only objects', async () => {
    const { access } = await join(service);
    const answer = await logout(access, [1]);
    expect(answer.body).toEqual({ non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] });
    expect(answer.status).toBe(400);
  });
});
