import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, basic, createClient, type TestClient } from '../support/clients.js';
import { askForReset, join, login, PASSWORD, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
let client: TestClient;
beforeAll(async () => {
  service = await startService();
  client = await createClient(service, 'introspect', 'revoke');
});
afterAll(() => service.close());
afterEach(() => void vi.useRealTimers());

const introspect = (token: string, hint?: string): Promise<Answered<Record<string, unknown>>> =>
  ask(service, 'introspect', { token, ...(hint === undefined ? {} : { token_type_hint: hint }) }, client.authorization);
const revoke = (token: string): Promise<Answered> => ask(service, 'revoke', { token }, client.authorization);
const me = (token: string): Promise<{ status: number }> => service.request('GET', '/api/auth/me/', { token });
const refresh = (token: string): Promise<{ status: number; body: { access: string; refresh: string } }> =>
  service.request('POST', '/api/auth/token/refresh/', { body: { refresh: token } });

function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

async function expectInactive(...tokens: string[]): Promise<void> {
  for (const token of tokens) {
    const answer = await introspect(token);
    expect([answer.status, answer.body]).toEqual([200, { active: false }]);
  }
}

describe('introspection', () => {
  it('tells what a good access token says, and the role that the account has now', async () => {
    const { access, user } = await join(service);
    const expected = {
      active: true,
      token_use: 'access',
      token_type: 'Bearer',
      iss: 'https://auth.test',
      aud: 'https://auth.test',
      sub: user.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      iat: expect.any(Number) as number,
      exp: expect.any(Number) as number,
      user_id: user.id,
      role: 'Viewer',
    };
    const answer = await introspect(access);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    await service.sql(`UPDATE users SET role = 'Admin' WHERE public_id = $1`, [user.id]);
    expect((await introspect(access)).body).toEqual({ ...expected, role: 'Admin' });
  });

  it.each([undefined, 'access_token', 'refresh_token', 'nonsense', ''])(
    'looks at both kinds, hint %j',
    async (hint) => {
      const pair = await join(service);
      expect((await introspect(pair.access, hint)).body).toMatchObject({ active: true, token_use: 'access' });
      const answer = await introspect(pair.refresh, hint);
      expect(answer.body).toMatchObject({ active: true, token_use: 'refresh', sub: pair.user.id });
      expect(answer.body).not.toHaveProperty('token_type');
      expect(answer.body).not.toHaveProperty('role');
    },
  );

  it('says of a replaced refresh token what its own route would', async () => {
    const { refresh: first } = await join(service);
    const { body: second } = await refresh(first);
    expect((await introspect(first)).body).toMatchObject({ active: true });
    later(21);
    await expectInactive(first);
    expect((await introspect(second.refresh)).body).toMatchObject({ active: true });
    // Asking ended nothing.
    expect((await refresh(second.refresh)).status).toBe(200);
  });

  it.each(['', 'x', 'a.b.c', 'é', '{}', 'x'.repeat(20_000), '../../etc/passwd'])(
    'is calm about %.20j',
    async (token) => {
      const answer = await introspect(token);
      if (token === '') expect(answer.status).toBe(400);
      else expect([answer.status, answer.body]).toEqual([200, { active: false }]);
    },
  );

  it('knows every end of a session at once', async () => {
    const ends: ((email: string, pair: { access: string; refresh: string }) => Promise<unknown>)[] = [
      (_, pair) =>
        service.request('POST', '/api/auth/logout/', { token: pair.access, body: { refresh: pair.refresh } }),
      async (email) =>
        service.request('POST', '/api/auth/password-reset/confirm/', {
          body: { token: await askForReset(service, email), password: 'newpassword123' },
        }),
      (email) => service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]),
      (email) => service.sql('DELETE FROM users WHERE email = $1', [email]),
      (_, pair) => revoke(pair.access),
      (_, pair) => revoke(pair.refresh),
      () => Promise.resolve(later(604_801)),
    ];
    for (const end of ends) {
      const email = someone();
      await join(service, email);
      const { body: pair } = await login(service, email, PASSWORD);
      expect((await introspect(pair.access)).body).toMatchObject({ active: true });
      await end(email, pair);
      await expectInactive(pair.access, pair.refresh);
      expect((await me(pair.access)).status).toBe(401);
      expect((await refresh(pair.refresh)).status).toBe(401);
      vi.useRealTimers();
    }
  });

  it('is of one mind with our own guard', async () => {
    const { access } = await join(service);
    const [head, body, signature] = access.split('.') as [string, string, string];
    for (const token of [
      access,
      `${head}.${body}.`,
      `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      `${body}.${head}.x`,
    ]) {
      const good = (await me(token)).status === 200;
      expect([token, (await introspect(token)).body.active]).toEqual([token, good]);
    }
  });
});

describe('revocation', () => {
  it('ends the session of a token, for its owner to read about', async () => {
    const { access, refresh: token, user } = await join(service);
    const answer = await revoke(access);
    expect([answer.status, answer.body]).toEqual([200, {}]);
    expect((await me(access)).status).toBe(401);
    expect((await refresh(token)).status).toBe(401);
    const events = await service.sql(
      `SELECT event FROM account_events JOIN users ON users.id = user_id WHERE public_id = $1 AND event LIKE 'session%'`,
      [user.id],
    );
    expect(events).toEqual([{ event: 'session_revoked' }]);
    expect((await revoke(access)).status).toBe(200);
  });

  it.each(['x', 'a.b.c', 'x'.repeat(20_000)])('answers 200 to %.20j', async (token) => {
    const answer = await revoke(token);
    expect([answer.status, answer.body]).toEqual([200, {}]);
  });

  it('of one session leaves the others', async () => {
    const email = someone();
    await join(service, email);
    const [one, other] = [await login(service, email), await login(service, email)];
    await revoke(one.body.refresh);
    expect((await me(other.body.access)).status).toBe(200);
  });
});

describe('a service client', () => {
  const challenge = 'Basic realm="ostiary", charset="UTF-8"';
  const missing = {
    error: 'invalid_client',
    error_description: 'The id and the secret of a service client are missing.',
  };
  const wrong = {
    error: 'invalid_client',
    error_description: 'There is no such client, or its secret is another one.',
  };

  it.each(['introspect', 'revoke'])('is asked for by %s', async (path) => {
    const { access } = await join(service);
    const attempts: [string, Record<string, string>, object][] = [
      ['', {}, missing],
      [`Bearer ${access}`, {}, missing],
      ['Basic', {}, missing],
      ['Basic ???', {}, missing],
      [`Basic ${Buffer.from('no colon').toString('base64')}`, {}, wrong],
      [basic(client.id, ''), {}, wrong],
      [basic(client.id, `${client.secret}x`), {}, wrong],
      [basic(client.id, '%zz'), {}, wrong],
      [basic('nobody', client.secret), {}, wrong],
      [basic('\0', client.secret), {}, wrong],
      [basic(client.id.toUpperCase(), client.secret), {}, wrong],
      ['', { client_id: client.id }, missing],
      ['', { client_id: client.id, client_secret: 'x' }, wrong],
      ['', { client_secret: client.secret }, missing],
    ];
    for (const [authorization, form, body] of attempts) {
      const answer = await ask(service, path, { token: access, ...form }, authorization);
      expect([authorization, answer.status, answer.body]).toEqual([authorization, 401, body]);
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect((await me(access)).status).toBe(200);
  });

  it('proves itself in the header, form-encoded or not, or in the body, and not in both', async () => {
    const encoded = `basic ${Buffer.from(`${client.id.replaceAll('-', '%2D')}:${client.secret}`).toString('base64')}`;
    for (const header of [client.authorization, encoded]) {
      expect((await ask(service, 'introspect', { token: 'x' }, header)).status).toBe(200);
    }
    const credentials = { client_id: client.id, client_secret: client.secret };
    expect((await ask(service, 'introspect', { token: 'x', ...credentials })).status).toBe(200);
    const json = await service.request('POST', '/oauth/introspect', { body: { token: 'x', ...credentials } });
    expect(json.status).toBe(200);
    const both = await ask(service, 'introspect', { token: 'x', ...credentials }, client.authorization);
    expect([both.status, both.body]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'client_secret: Comes in the header or in the body.' },
    ]);
  });

  it('may do what its scopes say', async () => {
    const { access } = await join(service);
    const asker = await createClient(service, 'introspect');
    const ender = await createClient(service, 'revoke');
    const refused = { error: 'insufficient_scope', error_description: 'This client may not do that.' };
    for (const [path, { authorization }] of [
      ['revoke', asker],
      ['introspect', ender],
    ] as const) {
      const answer = await ask(service, path, { token: access }, authorization);
      expect([answer.status, answer.body]).toEqual([403, refused]);
    }
    expect((await me(access)).status).toBe(200);
  });

  it('names the token, as a text', async () => {
    for (const body of [{}, { token: '' }, { token: null }, { token: ['x'] }, { token: 'a\0' }]) {
      const { status, body: answer } = await service.request<{ error: string }>('POST', '/oauth/introspect', {
        body,
        headers: { authorization: client.authorization },
      });
      expect([body, status, answer.error]).toEqual([body, 400, 'invalid_request']);
    }
  });

  it('is answered in the form of OAuth whatever it does', async () => {
    const wrongMethod = await service.request('GET', '/oauth/introspect');
    expect([wrongMethod.status, wrongMethod.body]).toEqual([
      405,
      { error: 'invalid_request', error_description: 'Another method is meant.' },
    ]);
    expect(wrongMethod.headers.get('allow')).toBe('POST, OPTIONS');
    const unknown = await service.request('POST', '/oauth/token');
    expect([unknown.status, unknown.body]).toEqual([
      404,
      { error: 'not_found', error_description: 'There is nothing here.' },
    ]);
    const type = await service.request('POST', '/oauth/introspect', {
      body: '<a/>',
      headers: { 'content-type': 'application/xml' },
    });
    expect([type.status, (type.body as { error: string }).error]).toEqual([415, 'invalid_request']);
  });
});
