import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { askForNewPassword, invite, joinAccounts, logIn, mailAbout, post, linkIn } from '../support/accounts.js';
import { PASSWORD, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const NEW = 'newpassword123';
const REQUIRED = ['This field is required.'];
const BLANK = ['This field may not be blank.'];
const TEXT = ['Not a valid string.'];
const MISMATCH = { non_field_errors: ["New password and confirm password doesn't match"] };
const SET = { msg: 'Password reset successfully. Now you can login.' };
const BAD_LINK = {
  detail: 'Password reset link is invalid or expired.',
  msg: 'Password reset link is invalid or expired.',
};
const SENT = { msg: 'If this email is registered we have sent you a password reset link.' };

const twice = (password: unknown): object => ({ new_password: password, confirm_password: password });
const change = (token: string, body: unknown): Promise<Answered> =>
  service.request('POST', '/accounts/api/change/password/', { token, body });
const dashboard = (token: string): Promise<Answered> => service.request('GET', '/accounts/api/dashboard/', { token });

/** New passwords that are refused wherever one is set. */
const UNFIT: [object, object][] = [
  [{ new_password: NEW, confirm_password: `${NEW} ` }, MISMATCH],
  [{ new_password: NEW, confirm_password: 'other' }, MISMATCH],
  [twice('seven77'), { new_password: ['This password is too short. It must contain at least 8 characters.'] }],
  [twice('iloveyou1'), { new_password: ['This password is too common.'] }],
  [twice('x'.repeat(129)), { new_password: ['Ensure this field has no more than 128 characters.'] }],
  [twice(''), { new_password: BLANK, confirm_password: BLANK }],
  [twice(true), { new_password: TEXT, confirm_password: TEXT }],
  [{ new_password: NEW }, { confirm_password: REQUIRED }],
];

describe('change/password', () => {
  it.each<[object, object]>([
    [{}, { old_password: REQUIRED, new_password: REQUIRED, confirm_password: REQUIRED }],
    ...UNFIT.map(([body, expected]): [object, object] => [{ old_password: PASSWORD, ...body }, expected]),
    [{ old_password: 'wrongpassword1', ...twice(NEW) }, { old_password: ['Old password is incorrect.'] }],
    [{ old_password: ` ${PASSWORD}`, ...twice(NEW) }, { old_password: ['Old password is incorrect.'] }],
    [{ old_password: 'x'.repeat(5_000), ...twice(NEW) }, { old_password: ['Old password is incorrect.'] }],
    [{ old_password: 'wrongpassword1', ...twice('seven77') }, { old_password: ['Old password is incorrect.'] }],
  ])('refuses %j', async (body, expected) => {
    const { access, email } = await joinAccounts(service);
    const answer = await change(access, body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
    expect((await logIn(service, email)).status).toBe(200);
  });

  it('refuses the names of the account', async () => {
    const { access } = await joinAccounts(service, { username: 'Longusername', email: 'longlocalpart@example.com' });
    expect((await change(access, { old_password: PASSWORD, ...twice('longusername') })).body).toEqual({
      new_password: ['The password is too similar to the username.'],
    });
    expect((await change(access, { old_password: PASSWORD, ...twice('LongLocalPart@example.com') })).body).toEqual({
      new_password: ['The password is too similar to the email.'],
    });
  });

  it('ends every other session, and keeps this one', async () => {
    const { access, email } = await joinAccounts(service);
    const { body: other } = await logIn(service, email);
    const answer = await change(access, { old_password: PASSWORD, ...twice(' with blanks ') });
    expect([answer.status, answer.body]).toEqual([200, { msg: 'Password changed successfully.' }]);
    expect((await dashboard(access)).status).toBe(200);
    expect((await dashboard(other.access_token)).status).toBe(401);
    expect((await post(service, 'token/refresh/', { refresh: other.refresh_token })).body).toEqual({
      detail: 'Token is blacklisted',
      code: 'token_not_valid',
    });
    expect((await logIn(service, email)).status).toBe(401);
    expect((await logIn(service, email, 'with blanks')).status).toBe(401);
    expect((await logIn(service, email, ' with blanks ')).status).toBe(200);
    await mailAbout(service, email, 'Your password was changed');
  });

  it.skipIf(isEmbedded)('lets one of sixteen through who prove the same password', async () => {
    const { access } = await joinAccounts(service);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => change(access, { old_password: PASSWORD, ...twice(`${NEW}${i}`) })),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array<number>(15).fill(400)]);
  });
});

describe('forget/password', () => {
  it('says the same of every address, and mails to those that have an account', async () => {
    const { email } = await joinAccounts(service);
    const stranger = someone();
    for (const address of [email, stranger, email.toUpperCase()]) {
      const answer = await post(service, 'forget/password/', { email: address });
      expect([answer.status, answer.body]).toEqual([200, SENT]);
    }
    const mail = await mailAbout(service, email, 'Reset your password');
    expect(mail.text).toMatch(/ https:\/\/auth\.test\/account\/reset-password\?uid=\w+&token=[0-9a-f]{32}\s/);
    expect(await service.sql('SELECT 1 FROM outgoing_mails WHERE recipient = $1', [stranger])).toEqual([]);
    const { token } = linkIn(mail);
    expect(token).toHaveLength(32);
  });

  it.each<[object, string[]]>([
    [{}, REQUIRED],
    [{ email: '' }, BLANK],
    [{ email: null }, ['This field may not be null.']],
    [{ email: 7 }, ['Enter a valid email address.']],
    [{ email: 'plain' }, ['Enter a valid email address.']],
  ])('refuses %j', async (body, messages) => {
    const answer = await post(service, 'forget/password/', body);
    expect([answer.status, answer.body]).toEqual([400, { email: messages }]);
  });

  it('mails nothing to a disabled account', async () => {
    const { email } = await joinAccounts(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    const count = (): Promise<unknown[]> =>
      service.sql('SELECT count(*) FROM outgoing_mails WHERE recipient = $1', [email]);
    const before = await count();
    expect((await post(service, 'forget/password/', { email })).body).toEqual(SENT);
    expect(await count()).toEqual(before);
  });
});

describe('set/new/forget/password', () => {
  it.each(UNFIT)('refuses %j and leaves the link good', async (body, expected) => {
    const { email } = await joinAccounts(service);
    const path = await askForNewPassword(service, email);
    const answer = await post(service, path, body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
    expect((await logIn(service, email)).status).toBe(200);
    const good = await post(service, path, twice(NEW));
    expect([good.status, good.body]).toEqual([200, SET]);
  });

  it('sets the password once, ends every session, and logs nobody in', async () => {
    const { email, access } = await joinAccounts(service);
    const path = await askForNewPassword(service, email);
    const answer = await service.request('POST', `/accounts/api/${path.slice(0, -1)}`, {
      body: new URLSearchParams(twice(NEW) as Record<string, string>),
      headers: { authorization: 'Bearer nonsense' },
    });
    expect([answer.status, answer.body]).toEqual([200, SET]);
    expect((await dashboard(access)).status).toBe(401);
    expect((await logIn(service, email)).status).toBe(401);
    expect((await logIn(service, email, NEW)).status).toBe(200);
    const again = await post(service, path, twice('another-password-1'));
    expect([again.status, again.body]).toEqual([400, BAD_LINK]);
  });

  it.skipIf(isEmbedded)('lets one of sixteen through', async () => {
    const { email } = await joinAccounts(service);
    const path = await askForNewPassword(service, email);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => post(service, path, twice(`secure-password-${i}`))),
    );
    const won = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    expect(won).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 200) expect([status, body]).toEqual([400, BAD_LINK]);
    expect((await logIn(service, email, `secure-password-${won[0]}`)).status).toBe(200);
  });

  it('proves the address of whoever had not proven it', async () => {
    const { email } = await invite(service);
    expect((await post(service, await askForNewPassword(service, email), twice(NEW))).body).toEqual(SET);
    expect((await logIn(service, email, NEW)).status).toBe(200);
  });

  it('refuses every bad link in the same words', async () => {
    const { email } = await joinAccounts(service);
    const other = await invite(service);
    const path = await askForNewPassword(service, email);
    const [uid = '', token = ''] = path.split('/').slice(-3);
    const [otherUid = '', activation = ''] = other.path.split('/').slice(-3);
    for (const [oneUid, oneToken] of [
      [uid, 'unknown'],
      [uid, `${token}0`],
      [uid, '%00'],
      ['uidb64', token],
      [otherUid, token],
      [otherUid, activation],
    ]) {
      const answer = await post(service, `set/new/forget/password/${oneUid}/${oneToken}/`, twice(NEW));
      expect([oneUid, oneToken, answer.status, answer.body]).toEqual([oneUid, oneToken, 400, BAD_LINK]);
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_601_000 });
    expect((await post(service, path, twice(NEW))).body).toEqual(BAD_LINK);
  });

  it('opens no disabled account', async () => {
    const { email } = await joinAccounts(service);
    const path = await askForNewPassword(service, email);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expect((await post(service, path, twice(NEW))).body).toEqual(BAD_LINK);
    expect(await service.sql('SELECT state FROM users WHERE email = $1', [email])).toEqual([{ state: 'disabled' }]);
  });
});
