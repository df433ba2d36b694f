import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccountService } from '../../src/auth/account.service.js';
import { CallersService, type Caller } from '../../src/auth/callers.service.js';
import { ProfileService } from '../../src/profile/profile.service.js';
import { SessionsService } from '../../src/tokens/sessions.service.js';
import type { TokenClaims } from '../../src/tokens/token-codec.js';
import { parseEmailAddress, type EmailAddress } from '../../src/users/email-address.js';
import { askForReset, join, login, PASSWORD, register, someone } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

let service: Service;
let accounts: AccountService;
beforeAll(async () => {
  service = await startService();
  accounts = service.get(AccountService);
});
afterAll(() => service.close());

const NEW = 'new-secure-password';
const address = (text: string): EmailAddress => parseEmailAddress(text)!;
const me = async (token: string): Promise<number> => (await service.request('GET', '/api/auth/me/', { token })).status;
const caller = (access: string): Promise<Caller> =>
  service
    .get(CallersService)
    .find(JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as TokenClaims);
const confirm = (token: string): ReturnType<Service['request']> =>
  service.request('POST', '/api/auth/password-reset/confirm/', { body: { token, password: NEW } });

describe('changing the password', () => {
  it("keeps the caller's session, ends the others, kills pending secrets and tells the owner", async () => {
    const mine = await join(service);
    const { email } = mine.user;
    const { body: other } = await login(service, email);
    const reset = await askForReset(service, email);
    await accounts.changePassword(await caller(mine.access), PASSWORD, NEW);
    expect(await me(mine.access)).toBe(200);
    expect(await me(other.access)).toBe(401);
    expect((await confirm(reset)).status).toBe(400);
    expect((await login(service, email)).status).toBe(400);
    expect((await login(service, email, NEW)).status).toBe(200);
    expect((await service.smtp.next(email, 3)).subject).toBe('Your password was changed');
  });

  it('wants the present password first, then a good new one', async () => {
    const { access, user } = await join(service);
    const who = await caller(access);
    await expect(accounts.changePassword(who, 'wrongpassword1', 'x')).rejects.toMatchObject({
      code: 'wrong_current_password',
    });
    await expect(accounts.changePassword(who, PASSWORD, 'x')).rejects.toMatchObject({ code: 'weak_password' });
    await expect(accounts.changePassword(who, PASSWORD, user.email)).rejects.toMatchObject({
      details: { weaknesses: ['too_similar_to_email'] },
    });
    expect((await login(service, user.email)).status).toBe(200);
  });

  it('is refused to somebody whose session ended meanwhile, like every other change', async () => {
    const { access, user } = await join(service);
    const who = await caller(access);
    await service.get(SessionsService).end(who.session.id, 'logout');
    const refused = { code: 'access_token_invalid' };
    await expect(accounts.changePassword(who, PASSWORD, NEW)).rejects.toMatchObject(refused);
    await expect(accounts.changeEmail(who, address(someone()))).rejects.toMatchObject(refused);
    await expect(accounts.close(who, PASSWORD)).rejects.toMatchObject(refused);
    expect((await login(service, user.email)).status).toBe(200);
  });

  it.skipIf(isEmbedded)('at once from several places: one wins, and its password is the password', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { access, user } = await join(service);
      const who = await caller(access);
      const outcomes = await Promise.allSettled(
        [0, 1, 2, 3].map((index) => accounts.changePassword(who, PASSWORD, `${NEW}-${index}`)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect((await login(service, user.email, `${NEW}-${winner}`)).status).toBe(200);
    }
  });
});

describe('changing the e-mail address', () => {
  it('takes effect at once, unproven, tells the old address, and kills secrets that were mailed there', async () => {
    const { access, user } = await join(service);
    const reset = await askForReset(service, user.email);
    const next = `Moved.${user.email}`;
    await accounts.changeEmail(await caller(access), address(next));
    expect((await caller(access)).user).toMatchObject({ email: next, emailVerifiedAt: null, state: 'active' });
    expect(await me(access)).toBe(200);
    expect((await confirm(reset)).status).toBe(400);
    expect((await login(service, next)).status).toBe(200);
    expect((await login(service, user.email)).status).toBe(400);
    const notice = await service.smtp.next(user.email, 3);
    expect(notice.subject).toBe('Your e-mail address was changed');
    expect(notice.text + notice.html).not.toContain('Moved');
  });

  it('refuses a taken address and, where it is asked for, a wrong password', async () => {
    const { access } = await join(service);
    const other = await join(service);
    const who = await caller(access);
    await expect(accounts.changeEmail(who, address(other.user.email.toUpperCase()))).rejects.toMatchObject({
      code: 'email_taken',
    });
    await expect(accounts.changeEmail(who, address(someone()), 'wrongpassword1')).rejects.toMatchObject({
      code: 'wrong_current_password',
    });
    await expect(accounts.changeEmail(who, address(someone()), PASSWORD)).resolves.toBeUndefined();
  });

  it("accepts one's own address and leaves it proven", async () => {
    const { access, user } = await join(service);
    await accounts.changeEmail(await caller(access), address(user.email));
    expect((await caller(access)).user.emailVerifiedAt).not.toBeNull();
  });
});

describe('closing the account', () => {
  it('erases it and everything that hangs on it, and frees its names', async () => {
    const { access, refresh, user } = await join(service, someone(), { username: 'leaving' });
    const who = await caller(access);
    await service.get(ProfileService).update(who.user.id, { country: 'Utopia' });
    await askForReset(service, user.email);
    await expect(accounts.close(who, 'wrongpassword1')).rejects.toMatchObject({ code: 'wrong_current_password' });
    await accounts.close(who, PASSWORD);
    for (const table of ['users', 'profiles', 'sessions', 'one_time_tokens', 'outgoing_mails']) {
      const column = table === 'users' ? 'id' : 'user_id';
      expect([table, await service.sql(`SELECT 1 FROM ${table} WHERE ${column} = $1`, [who.user.id])]).toEqual([
        table,
        [],
      ]);
    }
    const gone = await service.request('GET', '/api/auth/me/', { token: access });
    expect(gone.body).toEqual({ detail: 'User not found', code: 'user_not_found' });
    const answer = await service.request('POST', '/api/auth/token/refresh/', { body: { refresh } });
    expect(answer.body).toEqual({ detail: 'Token is blacklisted', code: 'token_not_valid' });
    expect((await register(service, user.email, { username: 'leaving' })).status).toBe(201);
    const [again] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [user.email]);
    expect(again?.id).toBeGreaterThan(who.user.id);
  });
});

describe('the profile', () => {
  it('is blank until something is told, and changes only where something is', async () => {
    const profiles = service.get(ProfileService);
    const { user } = await caller((await join(service)).access);
    expect((await profiles.read(user)).profile).toMatchObject({ country: '', profession: '', bio: '', thoughts: '' });
    await profiles.update(user.id, { country: 'Utopia', bio: 'Long story', firstName: 'Ann' });
    const { profile, user: changed } = await profiles.update(user.id, { bio: 'Short story', phoneNumber: null });
    expect(profile).toMatchObject({ country: 'Utopia', profession: '', bio: 'Short story', thoughts: '' });
    expect(changed).toMatchObject({ firstName: 'Ann', lastName: '', phoneNumber: null });
    expect((await profiles.read(changed)).profile).toEqual(profile);
  });

  it('is not of somebody who is gone', async () => {
    await expect(service.get(ProfileService).update(999_999, { bio: 'x' })).rejects.toMatchObject({
      code: 'account_gone',
    });
  });
});
