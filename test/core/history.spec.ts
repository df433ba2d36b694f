import { afterAll, beforeAll, expect, it } from 'vitest';
import { CallersService, type Caller } from '../../src/auth/callers.service.js';
import { AccountService } from '../../src/auth/account.service.js';
import { HousekeepingService } from '../../src/auth/housekeeping.service.js';
import { ProfileService } from '../../src/profile/profile.service.js';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import { parseEmailAddress } from '../../src/users/email-address.js';
import { HistoryService } from '../../src/users/history.service.js';
import { askForReset, join, login, PASSWORD, someone } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

async function caller(access: string): Promise<Caller> {
  const read = await service.get(TokenCodec).read(access, 'access');
  if (read.outcome !== 'good') throw new Error(read.outcome);
  return service.get(CallersService).find(read.claims);
}

const eventsOf = async (userId: number): Promise<string[]> =>
  (await service.get(HistoryService).page(userId, 100, 0)).events.map(({ event }) => event);

it('tells what happened to an account, the newest first, and from where', async () => {
  const { access, user } = await join(service);
  const who = await caller(access);
  const headers = { 'user-agent': 'A browser' };
  const body = { email: user.email, password: 'not the password' };
  await service.request('POST', '/api/auth/login/', { body, headers });
  await login(service, user.email);
  await service.get(ProfileService).update(who.user.id, { bio: 'x' });
  await service.get(AccountService).changePassword(who, PASSWORD, 'newpassword123');
  await service.smtp.next(user.email, 2);
  const token = await askForReset(service, user.email);
  await service.request('POST', '/api/auth/password-reset/confirm/', { body: { token, password: PASSWORD } });
  const { body: again } = await login(service, user.email);
  await service.get(AccountService).changeEmail(await caller(again.access), parseEmailAddress(someone())!);

  expect(await eventsOf(who.user.id)).toEqual([
    'email_change',
    'login',
    'login',
    'password_reset',
    'password_reset_request',
    'password_change',
    'profile_update',
    'login',
    'login_failed',
    'login',
    'activation',
    'registration',
  ]);
  const { events, count } = await service.get(HistoryService).page(who.user.id, 2, 8);
  expect(count).toBe(12);
  expect(events).toMatchObject([
    { event: 'login_failed', ip: '127.0.0.1', userAgent: 'A browser', userId: who.user.id },
    { event: 'login', ip: '127.0.0.1' },
  ]);
  expect(Math.abs(Date.now() - events[0]!.createdAt.getTime())).toBeLessThan(60_000);
});

it('is part of what it records: what is taken back leaves no trace', async () => {
  const { access, user } = await join(service);
  const who = await caller(access);
  const before = await eventsOf(who.user.id);
  await service.sql(`ALTER TABLE outgoing_mails ADD CONSTRAINT broken CHECK (kind <> 'password_changed') NOT VALID`);
  await expect(service.get(AccountService).changePassword(who, PASSWORD, 'newpassword123')).rejects.toThrow();
  await service.sql('ALTER TABLE outgoing_mails DROP CONSTRAINT broken');
  expect(await eventsOf(who.user.id)).toEqual(before);
  expect((await login(service, user.email)).status).toBe(200);
});

it('is kept 180 days; guesses at accounts that there are not, one', async () => {
  const { access } = await join(service);
  const { user } = await caller(access);
  await login(service, 'nobody-at-all@example.com');
  await service.sql(`UPDATE account_events SET created_at = now() - interval '179 days'`);
  await service.get(HousekeepingService).run();
  expect(await eventsOf(user.id)).toHaveLength(3);
  expect(await service.sql('SELECT 1 FROM account_events WHERE user_id IS NULL')).toEqual([]);
  await service.sql(`UPDATE account_events SET created_at = now() - interval '181 days'`);
  await service.get(HousekeepingService).run();
  expect(await eventsOf(user.id)).toEqual([]);
});
