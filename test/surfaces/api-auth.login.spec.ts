import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, login, PASSWORD, register, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const post = (body: unknown): Promise<Answered> => service.request('POST', '/api/auth/login/', { body });

const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const TEXT = 'Not a valid string.';
const refused = { non_field_errors: ['Invalid email or password.'] };

describe('login refuses', () => {
  it.each<[object, object]>([
    [{}, { email: [REQUIRED], password: [REQUIRED] }],
    [
      { email: '', password: '' },
      { email: [BLANK], password: [BLANK] },
    ],
    [
      { email: null, password: null },
      { email: [NULL], password: [NULL] },
    ],
    [
      { email: [], password: true },
      { email: [TEXT], password: [TEXT] },
    ],
    [{ email: 'a@example.com', password: {} }, { password: [TEXT] }],
    [{ email: 'a\0@example.com', password: 'x' }, { email: ['Null characters are not allowed.'] }],
    [{ email: 'a@example.com', password: '\ud800' }, { password: ['Surrogate characters are not allowed: U+D800.'] }],
  ])('%j', async (body, expected) => {
    const answer = await post(body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
  });

  it('an unknown address, a wrong password, and what is no address, all in the same words', async () => {
    const { user } = await join(service);
    const attempts = [
      [someone(), PASSWORD],
      [user.email, 'wrongpassword1'],
      [user.email, ` ${PASSWORD}`],
      [user.email, PASSWORD.toUpperCase()],
      [user.email, 'x'.repeat(5_000)],
      ['no address', PASSWORD],
      ['%', PASSWORD],
      ["' OR 1=1 --", PASSWORD],
    ];
    for (const [email, password] of attempts) {
      const answer = await post({ email, password });
      expect(answer.body).toEqual(refused);
      expect(answer.status).toBe(400);
    }
  });

  it('an account that is not proven, but only to who knows its password', async () => {
    const email = someone();
    await register(service, email);
    expect((await post({ email, password: 'wrongpassword1' })).body).toEqual(refused);
    const answer = await post({ email, password: PASSWORD });
    expect(answer.body).toEqual({
      non_field_errors: ['Account is not active. Please verify your email first.'],
    });
    expect(answer.status).toBe(400);
    expect(
      await service.sql('SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1', [email]),
    ).toEqual([]);
  });

  it('a disabled account', async () => {
    const { user } = await join(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [user.email]);
    expect((await post({ email: user.email, password: PASSWORD })).body).toEqual({
      non_field_errors: ['Account is not active. Please verify your email first.'],
    });
  });

  it('a username, and a stored hash that nobody can read', async () => {
    const { user } = await join(service, someone(), { username: 'loginname' });
    expect((await post({ email: 'loginname', password: PASSWORD })).body).toEqual(refused);
    for (const hash of ['$argon2id$nonsense', 'plain', '$unknown$x', '', null]) {
      await service.sql('UPDATE users SET password_hash = $2 WHERE email = $1', [user.email, hash]);
      const answer = await post({ email: user.email, password: PASSWORD });
      expect(answer.body).toEqual(refused);
      expect(answer.status).toBe(400);
    }
  });
});

describe('login', () => {
  it('knows the address in every spelling', async () => {
    const { user } = await join(service, 'Some.Body@example.org');
    for (const email of ['Some.Body@Example.org', 'some.body@example.org', ' SOME.BODY@EXAMPLE.ORG ']) {
      const answer = await login(service, email);
      expect(answer.status).toBe(200);
      expect(answer.body.user).toEqual(user);
    }
  });

  it('reads forms as well as JSON, and ignores the header', async () => {
    const { user } = await join(service);
    const form = new URLSearchParams({ email: user.email, password: PASSWORD });
    const answer = await service.request('POST', '/api/auth/login/', {
      body: form,
      headers: { authorization: 'Bearer nonsense' },
    });
    expect(answer.status).toBe(200);
  });

  it('never takes credentials out of the query', async () => {
    const { user } = await join(service);
    const query = new URLSearchParams({ email: user.email, identifier: user.email, password: PASSWORD });
    const answer = await service.request('POST', `/api/auth/login/?${query.toString()}`, { body: {} });
    expect(answer.body).toEqual({ email: [REQUIRED], password: [REQUIRED] });
  });

  it('opens a session of its own each time, with where it came from', async () => {
    const { user } = await join(service);
    const body = { email: user.email, password: PASSWORD };
    await service.request('POST', '/api/auth/login/', { body, headers: { 'user-agent': 'A browser' } });
    await service.request('POST', '/api/auth/login/', { body, headers: { 'user-agent': 'x'.repeat(5_000) } });
    const sessions = await service.sql(
      `SELECT surface, ip, length(user_agent) AS length, ended_at FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE u.email = $1 ORDER BY s.created_at`,
      [user.email],
    );
    expect(sessions.slice(1)).toEqual([
      { surface: 'api-auth', ip: '127.0.0.1', length: 9, ended_at: null },
      { surface: 'api-auth', ip: '127.0.0.1', length: 512, ended_at: null },
    ]);
  });

  it('answers nothing that may be kept', async () => {
    const { user } = await join(service);
    const answer = await login(service, user.email);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});
