import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { arrive, askFor, linkIn, logIn, PASSWORD, signUp, signUpForLink } from '../support/djoser.js';
import { someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const TEXT = 'Not a valid string.';
const MAIL = 'Enter a valid email address.';
const TAKEN = 'user with this email already exists.';
const BAD_UID = { uid: ["Invalid user id or user doesn't exist."] };
const BAD_TOKEN = { token: ['Invalid token for given user.'] };
const STALE = { detail: 'Stale token for given user.' };
const NEW = 'new-secure-password';

const post = (action: string, body: unknown): Promise<Answered> =>
  service.request('POST', `/auth/users/${action}/`, { body });
const activate = (body: unknown): Promise<Answered> => post('activation', body);
const outcome = ({ status, body }: Answered): [number, unknown] => [status, body];
const DONE = [204, ''];
const stateOf = async (email: string): Promise<unknown> =>
  (
    await service.sql('SELECT state, email_verified_at IS NOT NULL AS verified FROM users WHERE email = $1', [email])
  )[0];
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

const BAD_UIDS = ['', '1', 'M', 'MQ===', 'MQ=x', 'OTk5OTk5', 'MDE', 'LTE', 'MS41', 'bmFu', '!!', 'MR', 'é', '-'];

describe('activation', () => {
  it.each<[object, object]>([
    [{}, { uid: [REQUIRED], token: [REQUIRED] }],
    [
      { uid: '', token: ' ' },
      { uid: [BLANK], token: [BLANK] },
    ],
    [
      { uid: null, token: null },
      { uid: [NULL], token: [NULL] },
    ],
    [
      { uid: [1], token: {} },
      { uid: [TEXT], token: [TEXT] },
    ],
    [{ uid: true, token: 'x' }, { uid: [TEXT] }],
    [{ uid: 'MQ\0', token: 'x' }, { uid: ['Null characters are not allowed.'] }],
    [{ uid: 1, token: 2 }, BAD_UID],
  ])('refuses %j', async (body, expected) => {
    expect(outcome(await activate(body))).toEqual([400, expected]);
  });

  it('activates once, and then says that the link is stale', async () => {
    const email = someone();
    const link = await signUpForLink(service, email);
    expect(await stateOf(email)).toEqual({ state: 'pending', verified: false });
    expect(outcome(await activate(link))).toEqual(DONE);
    expect(await stateOf(email)).toEqual({ state: 'active', verified: true });
    for (let time = 0; time < 2; time += 1) expect(outcome(await activate(link))).toEqual([403, STALE]);
  });

  it('takes the uid padded, too', async () => {
    const link = await signUpForLink(service);
    const padded = link.uid + '='.repeat((4 - (link.uid.length % 4)) % 4);
    expect(outcome(await activate({ ...link, uid: padded }))).toEqual(DONE);
  });

  it('tells a wrong uid from a wrong token', async () => {
    const link = await signUpForLink(service);
    const other = await signUpForLink(service);
    for (const uid of BAD_UIDS.slice(1))
      expect([uid, ...outcome(await activate({ ...link, uid }))]).toEqual([uid, 400, BAD_UID]);
    for (const token of [
      'x',
      other.token,
      link.token.toUpperCase().replace(/\d/g, '0'),
      'c3g3vj-abc123...',
      '\ud83e\udd89',
    ]) {
      expect(outcome(await activate({ ...link, token }))).toEqual([400, BAD_TOKEN]);
    }
    expect(outcome(await activate({ ...link, uid: other.uid }))).toEqual([400, BAD_TOKEN]);
    expect(outcome(await activate(link))).toEqual(DONE);
  });

  it('refuses a link that was made for something else, that expired, or that was replaced', async () => {
    const email = someone();
    const first = await signUpForLink(service, email);
    await post('resend_activation', { email });
    const second = linkIn(await service.smtp.next(email, 2));
    expect(outcome(await activate(first))).toEqual([400, BAD_TOKEN]);
    const reset = await askFor(service, 'reset_password', email);
    expect(outcome(await activate(reset))).toEqual([400, BAD_TOKEN]);
    later(259_201);
    expect(outcome(await activate(second))).toEqual([400, BAD_TOKEN]);
  });

  it('does not open a disabled account', async () => {
    const email = someone();
    const link = await signUpForLink(service, email);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expect(outcome(await activate(link))).toEqual([400, BAD_TOKEN]);
  });

  it('logs nobody in', async () => {
    const email = someone();
    const answer = await activate(await signUpForLink(service, email));
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(
      await service.sql('SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1', [email]),
    ).toEqual([]);
  });

  it.skipIf(isEmbedded)('of many at once activates one', async () => {
    for (let round = 0; round < 5; round += 1) {
      const link = await signUpForLink(service);
      const answers = await Promise.all(Array.from({ length: 16 }, () => activate(link)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array<number>(15).fill(403)]);
    }
  });
});

describe.each(['resend_activation', 'reset_password', 'reset_email'])('%s', (action) => {
  it.each<[object, string]>([
    [{}, REQUIRED],
    [{ email: '' }, BLANK],
    [{ email: null }, NULL],
    [{ email: 'x@nodot' }, MAIL],
    [{ email: 12 }, MAIL],
    [{ email: ['a@example.com'] }, MAIL],
    [{ email: {} }, MAIL],
    [{ email: `${'a'.repeat(250)}@example.com` }, 'Ensure this field has no more than 254 characters.'],
  ])('refuses %j', async (body, message) => {
    expect(outcome(await post(action, body))).toEqual([400, { email: [message] }]);
  });

  it('answers the same for everybody', async () => {
    const pending = someone();
    await signUp(service, pending);
    const { user } = await arrive(service);
    const disabled = await arrive(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE id = $1`, [disabled.user.id]);
    for (const email of ['nobody@example.com', pending, user.email, disabled.user.email]) {
      expect(outcome(await post(action, { email }))).toEqual(DONE);
    }
    const sent = (
      await service.sql<{ recipient: string }>(
        `SELECT recipient FROM outgoing_mails m
       WHERE kind = $1 AND recipient = ANY ($2)`,
        [
          action === 'resend_activation' ? 'verify_email' : action,
          ['nobody@example.com', pending, user.email, disabled.user.email],
        ],
      )
    ).map(({ recipient }) => recipient);
    const expected = {
      // Everybody got one at sign-up.
      resend_activation: [pending, pending, user.email, disabled.user.email],
      reset_password: [pending, user.email],
      reset_email: [user.email],
    }[action];
    expect(sent.toSorted()).toEqual(expected?.toSorted());
  });

  it('mails the stored address, whatever spelling was sent', async () => {
    const email = someone();
    if (action === 'resend_activation') await signUp(service, email);
    else await arrive(service, email);
    await post(action, { email: ` ${email.toUpperCase()} ` });
    expect((await service.smtp.next(email, 2)).to).toEqual([email]);
  });
});

describe('a password reset', () => {
  const confirm = (body: unknown): Promise<Answered> => post('reset_password_confirm', body);

  it.each<[object, object]>([
    [{}, { uid: [REQUIRED], token: [REQUIRED], new_password: [REQUIRED] }],
    [
      { uid: [], token: 1.5, new_password: false, re_new_password: null },
      { uid: [TEXT], new_password: [TEXT], re_new_password: [NULL] },
    ],
    [{ uid: 'x', token: 'x', new_password: '' }, { new_password: [BLANK] }],
    [
      { uid: 'x', token: 'x', new_password: 'password1', re_new_password: 'other' },
      { new_password: ['This password is too common.'] },
    ],
    [
      { uid: 'x', token: 'x', new_password: NEW, re_new_password: 'other' },
      { non_field_errors: ["The two password fields didn't match."] },
    ],
    [{ uid: 'x', token: 'x', new_password: NEW }, BAD_UID],
  ])('refuses %j', async (body, expected) => {
    expect(outcome(await confirm(body))).toEqual([400, expected]);
  });

  it('sets the password, ends every session, kills the link, and tells the owner', async () => {
    const { user, access, refresh } = await arrive(service);
    const link = await askFor(service, 'reset_password', user.email);
    expect((await service.smtp.next(user.email, 2)).subject).toBe('Password reset on Ostiary');
    const body = { ...link, new_password: NEW };
    for (const uid of BAD_UIDS.slice(1)) expect(outcome(await confirm({ ...body, uid }))).toEqual([400, BAD_UID]);
    expect(outcome(await confirm({ ...body, token: 'x' }))).toEqual([400, BAD_TOKEN]);
    // What only the link's owner may not choose leaves the link good.
    expect(outcome(await confirm({ ...body, new_password: user.email }))).toEqual([
      400,
      { new_password: ['The password is too similar to the email.'] },
    ]);
    expect(outcome(await confirm({ ...body, re_new_password: NEW }))).toEqual(DONE);
    expect(outcome(await confirm(body))).toEqual([400, BAD_TOKEN]);
    expect((await service.request('GET', '/auth/users/me/', { token: access })).status).toBe(401);
    expect((await service.request('POST', '/auth/jwt/refresh/', { body: { refresh } })).body).toEqual({
      detail: 'Token is blacklisted',
      code: 'token_not_valid',
    });
    expect((await logIn(service, user.email)).status).toBe(401);
    expect((await logIn(service, user.email, NEW)).status).toBe(200);
    expect((await service.smtp.next(user.email, 3)).subject).toBe('Your password was changed');
  });

  it('activates a pending account, whose activation link is no good then', async () => {
    const email = someone();
    const activation = await signUpForLink(service, email);
    const link = await askFor(service, 'reset_password', email);
    expect(outcome(await confirm({ ...link, new_password: NEW }))).toEqual(DONE);
    expect(await stateOf(email)).toEqual({ state: 'active', verified: true });
    expect(outcome(await activate(activation))).toEqual([400, BAD_TOKEN]);
  });

  it('refuses an expired link and one of another purpose', async () => {
    const { user } = await arrive(service);
    const emailLink = await askFor(service, 'reset_email', user.email);
    expect(outcome(await confirm({ ...emailLink, new_password: NEW }))).toEqual([400, BAD_TOKEN]);
    const link = await askFor(service, 'reset_password', user.email);
    later(3 * 86_400 + 1);
    expect(outcome(await confirm({ ...link, new_password: NEW }))).toEqual([400, BAD_TOKEN]);
  });

  it.skipIf(isEmbedded)('lets one of many through', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { user } = await arrive(service);
      const link = await askFor(service, 'reset_password', user.email);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) => confirm({ ...link, new_password: `${NEW}-${index}` })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array<number>(15).fill(400)]);
      const winner = answers.findIndex(({ status }) => status === 204);
      expect((await logIn(service, user.email, `${NEW}-${winner}`)).status).toBe(200);
    }
  });
});

describe('another address by mail', () => {
  const confirm = (body: unknown): Promise<Answered> => post('reset_email_confirm', body);

  it.each<[object, object]>([
    [{}, { new_email: [REQUIRED] }],
    [
      { uid: 'x', token: 'x', new_email: 'x@nodot', re_new_email: [] },
      { new_email: [MAIL], re_new_email: [TEXT] },
    ],
    [
      { new_email: 'a@example.com', re_new_email: 'b@example.com' },
      { non_field_errors: ["The two email fields didn't match."] },
    ],
    [{ new_email: 'a@example.com' }, BAD_UID],
    ...BAD_UIDS.map((uid): [object, object] => [{ uid, token: 'x', new_email: 'a@example.com' }, BAD_UID]),
    ...[1, true, null, [], {}, 'a\0', '\ud800'].map((uid): [object, object] => [
      { uid, token: 'x', new_email: 'a@example.com' },
      BAD_UID,
    ]),
  ])('refuses %j', async (body, expected) => {
    expect(outcome(await confirm(body))).toEqual([400, expected]);
  });

  it('sets it unverified, ends every session, and tells the old one', async () => {
    const { user, access } = await arrive(service);
    const other = await arrive(service);
    const link = await askFor(service, 'reset_email', user.email);
    expect((await service.smtp.next(user.email, 2)).subject).toBe('Username reset on Ostiary');
    const next = someone();
    for (const token of [undefined, '', null, 1, [], {}, 'x', 'a\0', '\ud800']) {
      expect(outcome(await confirm({ uid: link.uid, token, new_email: next }))).toEqual([400, BAD_TOKEN]);
    }
    const foreign = await askFor(service, 'reset_email', other.user.email);
    expect(outcome(await confirm({ ...link, uid: foreign.uid, new_email: next }))).toEqual([400, BAD_TOKEN]);
    expect(outcome(await confirm({ ...link, new_email: other.user.email }))).toEqual([400, { new_email: [TAKEN] }]);
    expect(outcome(await confirm({ ...link, new_email: next, re_new_email: next }))).toEqual(DONE);
    expect(outcome(await confirm({ ...link, new_email: next }))).toEqual([400, BAD_TOKEN]);
    expect(await stateOf(next)).toEqual({ state: 'active', verified: false });
    expect((await service.request('GET', '/auth/users/me/', { token: access })).status).toBe(401);
    expect((await logIn(service, next)).status).toBe(200);
    expect((await logIn(service, user.email)).status).toBe(401);
    expect((await service.smtp.next(user.email, 3)).subject).toBe('Your e-mail address was changed');
    // The new one may be proven like that of a new account.
    await post('resend_activation', { email: next });
    expect(outcome(await activate(linkIn(await service.smtp.next(next))))).toEqual(DONE);
    expect(await stateOf(next)).toEqual({ state: 'active', verified: true });
  });

  it.skipIf(isEmbedded)('lets one of many through', async () => {
    const { user } = await arrive(service);
    const link = await askFor(service, 'reset_email', user.email);
    const addresses = Array.from({ length: 16 }, () => someone());
    const answers = await Promise.all(addresses.map((new_email) => confirm({ ...link, new_email })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array<number>(15).fill(400)]);
    const winner = answers.findIndex(({ status }) => status === 204);
    expect((await logIn(service, addresses[winner]!)).status).toBe(200);
  });
});

describe('where a front end is configured', () => {
  beforeAll(async () => {
    await service.close();
    service = await startService({
      DJOSER_SITE_NAME: 'HyperSaaS',
      DJOSER_ACTIVATION_URL: 'https://app.example.com/auth/activate/{uid}/{token}',
      DJOSER_PASSWORD_RESET_URL: 'https://app.example.com/auth/password/reset/{uid}/{token}',
      DJOSER_EMAIL_RESET_URL: 'https://app.example.com/#/email/{uid}/{token}?a=1',
    });
  });

  it('mails point there, and name the site', async () => {
    const email = someone();
    const { body: user } = await signUp(service, email);
    const uid = Buffer.from(String(user.id)).toString('base64url');
    const activation = await service.smtp.next(email);
    expect(activation.subject).toBe('Account activation on HyperSaaS');
    const [, token] =
      new RegExp(` https://app\\.example\\.com/auth/activate/${uid}/([0-9a-f]{32})$`, 'm').exec(activation.text) ?? [];
    expect(outcome(await activate({ uid, token }))).toEqual(DONE);
    await post('reset_password', { email });
    const reset = await service.smtp.next(email, 2);
    expect(reset.subject).toBe('Password reset on HyperSaaS');
    expect(reset.text).toMatch(
      new RegExp(` https://app\\.example\\.com/auth/password/reset/${uid}/[0-9a-f]{32}$`, 'm'),
    );
    await post('reset_email', { email });
    const another = await service.smtp.next(email, 3);
    expect(another.subject).toBe('Username reset on HyperSaaS');
    expect(another.text).toMatch(new RegExp(` https://app\\.example\\.com/#/email/${uid}/[0-9a-f]{32}\\?a=1$`, 'm'));
    expect((await logIn(service, email, PASSWORD)).status).toBe(200);
  });
});
