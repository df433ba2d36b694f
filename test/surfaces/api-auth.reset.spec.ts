import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { askForReset, join, login, PASSWORD, register, someone, type LoginBody } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const ask = (body: unknown): Promise<Answered> => service.request('POST', '/api/auth/password-reset/', { body });
const confirm = (body: unknown): Promise<Answered<LoginBody & { token: string }>> =>
  service.request('POST', '/api/auth/password-reset/confirm/', { body });
const me = (token: string): Promise<Answered> => service.request('GET', '/api/auth/me/', { token });

const NEW = 'newpassword123';
const neutral = { detail: 'If an account with this email exists, a password reset link has been sent.' };
const invalid = { detail: 'Invalid or expired token.' };

describe('asking for a reset', () => {
  it.each([{}, { email: '' }, { email: null }, { email: 0 }, { email: [] }])('%j names nobody', async (body) => {
    const answer = await ask(body);
    expect(answer.body).toEqual({ detail: 'Email is required' });
    expect(answer.status).toBe(400);
  });

  it.each(['nobody@example.com', 'no address', 12, true, ['a@example.com'], { a: 1 }, '%'])(
    'is answered the same for %j',
    async (email) => {
      const answer = await ask({ email });
      expect(answer.body).toEqual(neutral);
      expect(answer.status).toBe(200);
    },
  );

  it.each([
    ['a\0b@example.com', 'Null characters are not allowed.'],
    ['a\ud800@example.com', 'Surrogate characters are not allowed: U+D800.'],
  ])('says of %j that no address is like that', async (email, message) => {
    const answer = await ask({ email });
    expect(answer.body).toEqual({ email: [message] });
    expect(answer.status).toBe(400);
  });

  it('mails the stored address, whatever spelling was sent, and nobody else', async () => {
    const { user } = await join(service);
    const before = service.smtp.mails.length;
    for (const email of [user.email.toUpperCase(), ` ${user.email} `]) await ask({ email });
    await ask({ email: [user.email, 'attacker@example.com'] });
    await ask({ email: `${user.email},attacker@example.com` });
    await service.smtp.next(user.email, 3);
    expect(service.smtp.mails.slice(before).map(({ to }) => to)).toEqual([[user.email], [user.email]]);
  });

  it('mails nothing to a disabled account', async () => {
    const { user } = await join(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [user.email]);
    expect((await ask({ email: user.email })).body).toEqual(neutral);
    expect(
      await service.sql(`SELECT 1 FROM outgoing_mails WHERE recipient = $1 AND kind = 'reset_password'`, [user.email]),
    ).toEqual([]);
  });

  it('names a host of its own in the link, not the one of the request', async () => {
    const { user } = await join(service);
    await service.request('POST', '/api/auth/password-reset/', {
      body: { email: user.email },
      headers: {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        forwarded: 'host=evil.example',
        'x-forwarded-proto': 'http',
      },
    });
    const mail = await service.smtp.next(user.email, 2);
    expect(mail.text).toMatch(
      /^Click here to reset your password: https:\/\/auth\.test\/account\/reset-password\?token=[0-9a-f]{32}$/m,
    );
    expect(mail.text + mail.html).not.toContain('evil');
  });
});

describe('confirming a reset', () => {
  it.each([
    {},
    { token: 'x' },
    { password: 'y' },
    { token: '', password: NEW },
    { token: 'x', password: '' },
    { token: null, password: null },
  ])('%j is not enough', async (body) => {
    const answer = await confirm(body);
    expect(answer.body).toEqual({ detail: 'Token and new password are required.' });
    expect(answer.status).toBe(400);
  });

  it.each(['unknown', 12, true, ['x'], { a: 1 }, 'a\0b', '\ud800'])('%j is no token', async (token) => {
    const answer = await confirm({ token, password: NEW });
    expect(answer.body).toEqual(invalid);
    expect(answer.status).toBe(400);
  });

  it('refuses a token that was made to verify an address', async () => {
    const email = someone();
    await register(service, email);
    const token = tokenIn(await service.smtp.next(email));
    expect((await confirm({ token, password: NEW })).body).toEqual(invalid);
  });

  it('refuses an expired token', async () => {
    const { user } = await join(service);
    const token = await askForReset(service, user.email);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_601_000 });
    const answer = await confirm({ token, password: NEW });
    expect(answer.body).toEqual({ detail: 'Token has expired' });
    expect(answer.status).toBe(400);
  });

  it('refuses a token that a newer one replaced', async () => {
    const { user } = await join(service);
    const first = await askForReset(service, user.email);
    const second = await askForReset(service, user.email);
    expect((await confirm({ token: first, password: NEW })).body).toEqual(invalid);
    expect((await confirm({ token: second, password: NEW })).status).toBe(200);
  });

  it.each<[unknown, string]>([
    ['1', 'Ensure this field has at least 8 characters.'],
    [1, 'Ensure this field has at least 8 characters.'],
    ['x'.repeat(129), 'Ensure this field has no more than 128 characters.'],
    ['password1', 'This password is too common.'],
    [true, 'Not a valid string.'],
    [['newpassword123'], 'Not a valid string.'],
    ['new\0password', 'Null characters are not allowed.'],
    ['new\ud800password', 'Surrogate characters are not allowed: U+D800.'],
  ])('refuses the password %j and leaves the token good', async (password, message) => {
    const { user } = await join(service);
    const token = await askForReset(service, user.email);
    const answer = await confirm({ token, password });
    expect(answer.body).toEqual({ password: [message] });
    expect(answer.status).toBe(400);
    expect((await login(service, user.email)).status).toBe(200);
    expect((await confirm({ token, password: NEW })).status).toBe(200);
  });

  it("refuses the account's own names as password", async () => {
    const { user } = await join(service, 'longlocalpart@example.com', { username: 'longusername' });
    const token = await askForReset(service, user.email);
    expect((await confirm({ token, password: 'LongLocalPart' })).body).toEqual({
      password: ['The password is too similar to the email.'],
    });
    expect((await confirm({ token, password: 'longusername' })).body).toEqual({
      password: ['The password is too similar to the username.'],
    });
  });

  it('ends every session and every other secret, signs in anew, and tells the owner', async () => {
    const first = await join(service);
    const { email } = first.user;
    const { body: second } = await login(service, email);
    const token = await askForReset(service, email);

    const { body: fresh } = await confirm({ token, password: NEW });

    for (const { access } of [first, second]) expect((await me(access)).status).toBe(401);
    for (const { refresh } of [first, second]) {
      const answer = await service.request('POST', '/api/auth/token/refresh/', { body: { refresh } });
      expect(answer.body).toEqual({ detail: 'Token is blacklisted', code: 'token_not_valid' });
    }
    expect((await me(fresh.access)).status).toBe(200);
    expect(fresh.token).toBe(fresh.access);
    expect((await login(service, email, PASSWORD)).status).toBe(400);
    expect((await login(service, email, NEW)).status).toBe(200);
    expect((await service.smtp.next(email, 3)).subject).toBe('Your password was changed');
    expect((await confirm({ token, password: NEW })).body).toEqual(invalid);
  });

  it('proves the mailbox of an account that was pending, and kills its verification link', async () => {
    const email = someone();
    await register(service, email);
    const verification = tokenIn(await service.smtp.next(email));
    const token = await askForReset(service, email);
    const { body } = await confirm({ token, password: NEW });
    expect(body.user.is_active).toBe(true);
    const [row] = await service.sql(
      'SELECT state, email_verified_at IS NOT NULL AS verified FROM users WHERE email = $1',
      [email],
    );
    expect(row).toEqual({ state: 'active', verified: true });
    const answer = await service.request('POST', '/api/auth/verify-email/', { body: { token: verification } });
    expect(answer.body).toEqual({ detail: 'Invalid token' });
  });

  it('does not open an account that was disabled meanwhile', async () => {
    const { user } = await join(service);
    const token = await askForReset(service, user.email);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [user.email]);
    expect((await confirm({ token, password: NEW })).body).toEqual(invalid);
    expect(await service.sql('SELECT state FROM users WHERE email = $1', [user.email])).toEqual([
      { state: 'disabled' },
    ]);
  });

  it.skipIf(isEmbedded)('lets one of many in', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { user } = await join(service);
      const token = await askForReset(service, user.email);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) => confirm({ token, password: `${NEW}${index}` })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(15).fill(400)]);
      const winner = answers.findIndex(({ status }) => status === 200);
      expect((await login(service, user.email, `${NEW}${winner}`)).status).toBe(200);
    }
  });
});
