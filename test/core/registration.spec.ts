import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AccountService } from '../../src/auth/account.service.js';
import { CallersService } from '../../src/auth/callers.service.js';
import { HousekeepingService } from '../../src/auth/housekeeping.service.js';
import { RegistrationService, type Registration } from '../../src/auth/registration.service.js';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import { parseEmailAddress, type EmailAddress } from '../../src/users/email-address.js';
import { join, PASSWORD, register, someone } from '../support/people.js';
import { statementsOf } from '../support/queries.js';
import { isEmbedded, startService, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

const LETTER = {
  subject: 'Prove it',
  lead: 'Here:',
  label: 'Go',
  link: 'https://app.example.com/activate/{uid}/{token}',
  life: 3_600,
};

const address = (text: string): EmailAddress => parseEmailAddress(text)!;
const person = (email = someone()): Registration => ({ email: address(email), password: PASSWORD });

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const registrations = (): RegistrationService => service.get(RegistrationService);

describe('registration', () => {
  it("sends the surface's own letter, with the uid and the token in its link", async () => {
    const email = someone();
    const user = await registrations().register(person(email), { state: 'pending', letter: LETTER });
    const mail = await service.smtp.next(email);
    const uid = Buffer.from(String(user?.id)).toString('base64url');
    expect(mail.subject).toBe('Prove it');
    expect(mail.text).toMatch(new RegExp(`^Here: https://app\\.example\\.com/activate/${uid}/[0-9a-f]{32}$`, 'm'));
    expect(mail.text).toContain('The link works once, within 1 hour.');
  });

  it('can let somebody in unproven, without a mail', async () => {
    const email = someone();
    const user = await registrations().register(person(email), { state: 'active', letter: LETTER });
    expect(user).toMatchObject({ state: 'active', emailVerifiedAt: null, role: 'Viewer' });
    expect(await service.sql('SELECT 1 FROM outgoing_mails WHERE recipient = $1', [email])).toEqual([]);
  });

  it('makes the account, the secret and the mail, or none of them', async () => {
    const email = someone();
    await service.sql(`ALTER TABLE outgoing_mails ADD CONSTRAINT broken CHECK (kind <> 'verify_email') NOT VALID`);
    const answer = await register(service, email);
    await service.sql('ALTER TABLE outgoing_mails DROP CONSTRAINT broken');
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      detail: `A server error occurred. Request id: ${answer.headers.get('x-request-id')}`,
    });
    expect(await service.sql('SELECT 1 FROM users WHERE email = $1', [email])).toEqual([]);
    expect((await register(service, email)).status).toBe(201);
  });

  it.skipIf(isEmbedded)('is one look at the names, and one transaction', async () => {
    const statements = await statementsOf(() => register(service, someone()));
    expect(statements.filter((text) => text.startsWith('START TRANSACTION'))).toHaveLength(1);
    expect(statements.filter((text) => text === 'COMMIT')).toHaveLength(1);
    expect(statements.indexOf('COMMIT')).toBe(statements.length - 1);
    expect(statements.length).toBeLessThanOrEqual(7);
  });
});

describe('a new verification mail', () => {
  it('replaces the link of the one before', async () => {
    const email = someone();
    await register(service, email);
    const first = tokenIn(await service.smtp.next(email));
    await registrations().resend(address(email), { ...LETTER, link: '/x?token={token}' });
    const second = tokenIn(await service.smtp.next(email, 2));
    await expect(registrations().verify(first)).rejects.toMatchObject({ code: 'one_time_token_invalid' });
    await expect(registrations().verify(second)).resolves.toBeNull();
  });

  it('goes to an active account that never proved its address, too', async () => {
    const email = someone();
    await registrations().register(person(email), { state: 'active', letter: LETTER });
    await registrations().resend(address(email), LETTER);
    expect((await service.smtp.next(email)).subject).toBe('Prove it');
  });

  it('does not go to the proven, the disabled or the unknown', async () => {
    const { user } = await join(service);
    const disabled = someone();
    await register(service, disabled);
    await service.smtp.next(disabled);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [disabled]);
    const count = async (): Promise<unknown> => (await service.sql('SELECT count(*) FROM outgoing_mails'))[0];
    const before = await count();
    for (const email of [user.email, disabled, 'nobody@example.com'])
      await registrations().resend(address(email), LETTER);
    expect(await count()).toEqual(before);
  });

  it('proves only the address that it was sent to, of the account that it names', async () => {
    const email = someone();
    await register(service, email);
    const token = tokenIn(await service.smtp.next(email));
    await expect(registrations().verify(token, undefined, 999_999)).rejects.toMatchObject({
      code: 'one_time_token_invalid',
    });
    await service.sql(`UPDATE users SET email_canonical = 'moved@example.com' WHERE email = $1`, [email]);
    await expect(registrations().verify(token)).rejects.toMatchObject({ code: 'one_time_token_invalid' });
    const [row] = await service.sql(`SELECT state FROM users WHERE email_canonical = 'moved@example.com'`);
    expect(row).toEqual({ state: 'pending' });
  });
});

describe('accounts that nobody proves', () => {
  it('go after seven days, and the others stay', async () => {
    const abandoned = someone();
    const young = someone();
    const { user } = await join(service);
    await register(service, abandoned);
    await register(service, young);
    await service.sql(`UPDATE users SET created_at = now() - interval '7 days 1 minute' WHERE email = ANY ($1)`, [
      [abandoned, user.email],
    ]);
    await service.get(HousekeepingService).run();
    const left = await service.sql<{ email: string }>('SELECT email FROM users WHERE email = ANY ($1) ORDER BY id', [
      [abandoned, young, user.email],
    ]);
    expect(left.map(({ email }) => email)).toEqual([user.email, young]);
    expect((await register(service, abandoned)).status).toBe(201);
  });
});

describe('with account discovery hidden', () => {
  let hidden: Service;
  beforeAll(async () => {
    hidden = await startService({ ACCOUNT_DISCOVERY: 'hidden', RATE_LIMITS: 'on' });
  });
  afterAll(() => hidden.close());

  it('a taken address is answered like a free one, and its owner hears of it, once a minute', async () => {
    const { user } = await join(hidden);
    const free = await register(hidden, someone());
    for (let time = 0; time < 3; time += 1) {
      const taken = await register(hidden, user.email.toUpperCase());
      expect([taken.status, taken.body]).toEqual([free.status, free.body]);
      expect([...taken.headers.keys()]).toEqual([...free.headers.keys()]);
    }
    const mail = await hidden.smtp.next(user.email, 2);
    expect(mail.subject).toBe('You already have an account');
    const mails = await hidden.sql(`SELECT 1 FROM outgoing_mails WHERE recipient = $1 AND kind = 'account_exists'`, [
      user.email,
    ]);
    expect(mails).toHaveLength(1);
    expect(await hidden.sql('SELECT 1 FROM users WHERE email_canonical = $1', [user.email])).toHaveLength(1);
  });

  it('an owner who never proved the address gets a link that makes the sign-up count that it answers', async () => {
    const email = someone();
    await register(hidden, email, { first_name: 'First' });
    await hidden.smtp.next(email);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    const again = { password: 'another-password-1', confirm_password: 'another-password-1', first_name: 'Second' };
    expect((await register(hidden, email, again)).status).toBe(201);
    const token = tokenIn(await hidden.smtp.next(email, 2));
    await hidden.request('POST', '/api/auth/verify-email/', { body: { token } });
    const login = (password: string): ReturnType<Service['request']> =>
      hidden.request('POST', '/api/auth/login/', { body: { email, password } });
    expect((await login(PASSWORD)).status).toBe(400);
    expect(await login('another-password-1')).toMatchObject({ status: 200, body: { user: { first_name: 'Second' } } });
  });

  it('whether a login is possible yet is not told: whoever just signed up would know that the address was free', async () => {
    const { user } = await join(hidden);
    const free = someone();
    const answers: unknown[] = [];
    for (const email of [free, user.email]) {
      const password = 'another-password-1';
      await register(hidden, email, { password, confirm_password: password });
      const { status, body, headers } = await hidden.request('POST', '/api/auth/login/', { body: { email, password } });
      answers.push([status, body, [...headers.keys()]]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject([400, { non_field_errors: ['Invalid email or password.'] }, expect.anything()]);
  });

  it('a username that was asked for is taken afterwards, whether or not its address was', async () => {
    const { user } = await join(hidden);
    for (const [email, username] of [
      [user.email, 'Wanted-1'],
      [someone(), 'Wanted-2'],
    ] as const) {
      expect((await register(hidden, email, { username })).status).toBe(201);
      const again = await register(hidden, someone(), { username: username.toLowerCase() });
      expect(again.body).toEqual({ username: ['A user with that username already exists.'] });
    }
    await hidden.sql(`UPDATE reserved_usernames SET until = now() - interval '1 second'`);
    await hidden.get(HousekeepingService).run();
    expect(await hidden.sql('SELECT 1 FROM reserved_usernames')).toEqual([]);
    expect((await register(hidden, someone(), { username: 'wanted-1' })).status).toBe(201);
  });

  it('an account that would be active at once waits for its proof, too', async () => {
    const email = someone();
    await hidden.get(RegistrationService).register(person(email), { state: 'active', letter: LETTER });
    expect((await hidden.smtp.next(email)).subject).toBe('Prove it');
    expect(await hidden.sql('SELECT state FROM users WHERE email = $1', [email])).toEqual([{ state: 'pending' }]);
  });

  it("another address is one's own once it is confirmed, and a taken one is not told from a free one", async () => {
    const { access, user } = await join(hidden);
    const { user: other } = await join(hidden);
    const read = await hidden.get(TokenCodec).read(access, 'access');
    if (read.outcome !== 'good') throw new Error(read.outcome);
    const who = await hidden.get(CallersService).find(read.claims);
    const accounts = hidden.get(AccountService);
    const free = someone();
    await accounts.changeEmail(who, address(other.email));
    await accounts.changeEmail(who, address(free));
    const emailOf = async (): Promise<unknown> =>
      (
        await hidden.sql('SELECT email, email_verified_at IS NOT NULL AS proven FROM users WHERE public_id = $1', [
          user.id,
        ])
      )[0];
    expect(await emailOf()).toEqual({ email: user.email, proven: true });
    expect((await hidden.smtp.next(other.email, 2)).subject).toBe('You already have an account');
    const token = tokenIn(await hidden.smtp.next(free));
    await accounts.confirmEmail(token);
    expect(await emailOf()).toEqual({ email: free, proven: true });
    await expect(accounts.confirmEmail(token)).rejects.toMatchObject({ code: 'one_time_token_used' });
    expect((await hidden.smtp.next(user.email, 2)).subject).toBe('Your e-mail address was changed');
  });

  it('what is wrong with a body is told before anybody looks whether the address is taken', async () => {
    const { user } = await join(hidden);
    for (const email of [user.email, someone()]) {
      const answer = await hidden.request('POST', '/api/auth/register/', {
        body: { email, password: PASSWORD, confirm_password: 'something else' },
      });
      expect(answer.body).toEqual({ non_field_errors: ["Password confirmation doesn't match"] });
    }
  });
});
