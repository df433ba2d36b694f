import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinAccounts, linkIn, newcomer, post, type Member } from '../support/accounts.js';
import { PASSWORD, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
let member: Member;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com, http://localhost:4200' });
  member = await joinAccounts(service);
});
afterAll(() => service.close());

const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const TEXT = 'Not a valid string.';
const MAIL = 'Enter a valid email address.';
const USERNAME = 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';
const REFUSED_URL = { verification_base_url: ['This verification_base_url is not allowed.'] };
const max = (length: number): string => `Ensure this field has no more than ${length} characters.`;

const register = (body: unknown): Promise<Answered> => post(service, 'registration/', body);

/** Whatever a refused request must leave alone. */
const traces = async (): Promise<unknown> =>
  (
    await service.sql(
      `SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM outgoing_mails) AS mails,
              (SELECT count(*) FROM one_time_tokens) AS tokens, (SELECT count(*) FROM account_events) AS events`,
    )
  )[0];

describe('what registration refuses, and in which words', () => {
  it.each<[string, object, object]>([
    [
      'nothing at all',
      {},
      { username: [REQUIRED], email: [REQUIRED], password: [REQUIRED], confirm_password: [REQUIRED] },
    ],
    [
      'blanks',
      { username: ' ', email: '', password: '', confirm_password: '', verification_base_url: '' },
      { username: [BLANK], email: [BLANK], password: [BLANK], confirm_password: [BLANK] },
    ],
    [
      'nulls',
      { username: null, email: null, password: null, confirm_password: null, verification_base_url: null },
      {
        username: [NULL],
        email: [NULL],
        password: [NULL],
        confirm_password: [NULL],
        verification_base_url: [NULL],
      },
    ],
    [
      'other types',
      { username: true, email: [], password: {}, confirm_password: false, verification_base_url: ['x'] },
      {
        username: [TEXT],
        email: [MAIL],
        password: [TEXT],
        confirm_password: [TEXT],
        verification_base_url: [TEXT],
      },
    ],
    ['no address', newcomer({ email: 'plain' }), { email: [MAIL] }],
    [
      'texts that are too long',
      newcomer({
        username: 'u'.repeat(151),
        email: `${'a'.repeat(250)}@example.com`,
        password: 'p'.repeat(129),
        confirm_password: 'p'.repeat(129),
      }),
      { username: [max(150)], email: [max(254)], password: [max(128)] },
    ],
    ...['two words', 'semi;colon', '<b>', 'a/b', 'quote"', 'tab\tbed', 'emoji\u{1f600}'].map(
      (username): [string, object, object] => [
        `the username ${JSON.stringify(username)}`,
        newcomer({ username }),
        { username: [USERNAME] },
      ],
    ),
    [
      'another confirmation',
      newcomer({ confirm_password: 'strongpassword124' }),
      { non_field_errors: ["Password and confirm password doesn't match"] },
    ],
    [
      'another confirmation beside a broken field: the fields come first',
      newcomer({ email: 'no', confirm_password: 'strongpassword124' }),
      { email: [MAIL] },
    ],
    [
      'a confirmation that differs by a blank',
      newcomer({ confirm_password: `${PASSWORD} ` }),
      { non_field_errors: ["Password and confirm password doesn't match"] },
    ],
    [
      'a short password',
      newcomer({ password: 'seven77', confirm_password: 'seven77' }),
      { password: ['This password is too short. It must contain at least 8 characters.'] },
    ],
    [
      'a common password',
      newcomer({ password: 'iloveyou1', confirm_password: 'iloveyou1' }),
      { password: ['This password is too common.'] },
    ],
    [
      'the local part as password',
      newcomer({ email: 'longname@example.com', password: 'longname', confirm_password: 'longname' }),
      { password: ['The password is too similar to the email.'] },
    ],
    [
      'the username as password',
      newcomer({ username: 'Grandmaster7', password: 'grandmaster7', confirm_password: 'grandmaster7' }),
      { password: ['The password is too similar to the username.'] },
    ],
    [
      'null characters',
      newcomer({ password: 'strong\0password', confirm_password: 'strong\0password' }),
      {
        password: ['Null characters are not allowed.'],
        confirm_password: ['Null characters are not allowed.'],
      },
    ],
    [
      'half a surrogate pair',
      newcomer({ username: 'a\ud800b' }),
      { username: ['Surrogate characters are not allowed: U+D800.', USERNAME] },
    ],
  ])('%s', async (_, body, expected) => {
    const before = await traces();
    const answer = await register(body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
    expect(await traces()).toEqual(before);
  });

  it('taken names, in whatever spelling, together with whatever else is wrong', async () => {
    const { email, username } = await joinAccounts(service, { username: 'Taken.Name' });
    const taken = { email: ['user with this email already exists.'] };
    const takenName = { username: ['A user with that username already exists.'] };
    expect((await register(newcomer({ email: email.toUpperCase() }))).body).toEqual(taken);
    expect((await register(newcomer({ username: 'TAKEN.NAME' }))).body).toEqual(takenName);
    const answer = await register(
      newcomer({ email, username, password: '', verification_base_url: 'https://evil.example/' }),
    );
    expect(answer.body).toEqual({ ...taken, ...takenName, password: [BLANK], ...REFUSED_URL });
    expect(answer.status).toBe(400);
  });

  it.skipIf(isEmbedded)('all but one of sixteen who want one address at once', async () => {
    const email = someone();
    const answers = await Promise.all(Array.from({ length: 16 }, () => register(newcomer({ email }))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(15).fill(400)]);
    for (const { status, body } of answers) {
      if (status === 400) expect(body).toEqual({ email: ['user with this email already exists.'] });
    }
  });
});

describe('registration', () => {
  it('answers the document, and the link leads to a page of ours', async () => {
    const body = newcomer();
    const answer = await register(body);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      msg: `Congrats! ${body.username} your successfully registered to continue login we have sent an account activation email to activate your account. Please verify you email address thank you by admin(krishna).`,
    });
    const mail = await service.smtp.next(body.email);
    expect(mail.text).toMatch(/ https:\/\/auth\.test\/account\/verify-email\?uid=\w+&token=[0-9a-f]{32}\s/);
    const { uid, token } = linkIn(mail);
    const [row] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [body.email]);
    expect(Buffer.from(uid, 'base64url').toString()).toBe(String(row?.id));
    const page = await service.request<string>('GET', `/account/verify-email?uid=${uid}&token=${token}`);
    expect(page.body).toContain(`name="token" value="${token}"`);
  });

  it('takes usernames as Django does, and reads forms', async () => {
    for (const username of ['jürgen', 'नेपाल९', 'a.b+c-d_e@f', '7']) {
      const body = newcomer({ username });
      expect((await register(body)).status).toBe(username === 'नेपाल९' ? 400 : 201);
    }
    const { email, ...fields } = newcomer();
    const urlencoded = new URLSearchParams({ ...(fields as Record<string, string>), email });
    expect((await register(urlencoded)).status).toBe(201);
    const multipart = new FormData();
    for (const [name, value] of Object.entries(newcomer())) multipart.set(name, value);
    expect((await register(multipart)).status).toBe(201);
  });

  it('changes no role, state or verification, whatever a body contains', async () => {
    const body = newcomer({ is_active: true, is_admin: true, role: 'Admin', email_verified_at: '2020-01-01', id: 7 });
    expect((await register(body)).status).toBe(201);
    expect(
      await service.sql('SELECT role, state, email_verified_at FROM users WHERE email = $1', [body.email]),
    ).toEqual([{ role: 'Viewer', state: 'pending', email_verified_at: null }]);
  });
});

describe('verification_base_url leads', () => {
  it.each([
    ['https://app.example.com', 'https://app.example.com/UID/TOKEN/'],
    ['https://app.example.com/', 'https://app.example.com/UID/TOKEN/'],
    ['https://app.example.com/activation/', 'https://app.example.com/activation/UID/TOKEN/'],
    ['HTTPS://APP.example.com:443/a/b', 'https://app.example.com/a/b/UID/TOKEN/'],
    ['http://localhost:4200/', 'http://localhost:4200/UID/TOKEN/'],
    ['https://app.example.com/a?lang=de', 'https://app.example.com/a/UID/TOKEN/?lang=de'],
    ['https://app.example.com/a/{uid}/x/{token}', 'https://app.example.com/a/UID/x/TOKEN'],
    ['https://app.example.com/a/{uidb64}/{token}/', 'https://app.example.com/a/UID/TOKEN/'],
    ['https://app.example.com/a?u={uidb64}&t={token}', 'https://app.example.com/a?u=UID&t=TOKEN'],
    ['https://app.example.com/a/%7Buid%7D/%7Btoken%7D', 'https://app.example.com/a/UID/TOKEN'],
    ['https://app.example.com/a/%7buidb64%7d/%7btoken%7d/', 'https://app.example.com/a/UID/TOKEN/'],
    ['https://app.example.com/{uid}', 'https://app.example.com/UID/UID/TOKEN/'],
    ['https://app.example.com/é', 'https://app.example.com/%C3%A9/UID/TOKEN/'],
    ['  https://app.example.com/a  ', 'https://app.example.com/a/UID/TOKEN/'],
  ])('to %s', async (verification_base_url, expected) => {
    const body = newcomer({ verification_base_url });
    expect((await register(body)).status).toBe(201);
    const mail = await service.smtp.next(body.email);
    const [, link = ''] = /:\s+(https?:\/\/\S+)/.exec(mail.text) ?? [];
    const [row] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [body.email]);
    const uid = Buffer.from(String(row?.id)).toString('base64url');
    const pattern = expected
      .replace(/[.?+/]/g, '\\$&')
      .replaceAll('UID', uid)
      .replace('TOKEN', '([0-9a-f]{32})');
    const [, token = ''] = new RegExp(`^${pattern}$`).exec(link) ?? [];
    expect([link, token]).toEqual([link, expect.stringMatching(/^[0-9a-f]{32}$/) as string]);
    expect((await post(service, `verify/token/${uid}/${token}/`)).status).toBe(200);
  });

  it.each([undefined, '', '  '])('to our page where it says nothing (%j)', async (verification_base_url) => {
    const body = newcomer({ verification_base_url });
    expect((await register(body)).status).toBe(201);
    expect((await service.smtp.next(body.email)).text).toContain('https://auth.test/account/verify-email?');
  });

  it.each([
    'string',
    'evil.example',
    '7',
    'https://evil.example/activation',
    'http://app.example.com/',
    'https://app.example.com:8443/',
    'https://app.example.com.evil.example/',
    'https://evil.example/https://app.example.com/',
    'https://evil.example?https://app.example.com/',
    'https://evil.example#https://app.example.com/',
    'https://sub.app.example.com/',
    'https://appXexample.com/',
    'https://app.example.com@evil.example/',
    'https://evil.example\\@app.example.com/',
    'https://app.example.com\\@evil.example/',
    'https://app.example.com\\.evil.example/',
    'https://user@app.example.com/',
    'https://user:secret@app.example.com/',
    'https://@app.example.com/',
    'https:app.example.com/',
    'https:/app.example.com/',
    'https:///app.example.com/',
    '//app.example.com/',
    '/account/verify-email',
    'https://app.example.com/a/../b',
    'https://app.example.com/a/%2e%2E/b',
    'https://app.example.com/./b',
    'https://app.example.com/..',
    'https://app.example.com/#/activation',
    'https://app.example.com/a b',
    'https://app.example.com/a\nb',
    'https://app.exam\tple.com/',
    'https://app.example.com/\u202e',
    'https://app.example.com\u3002evil.example/',
    'https://{token}.evil.example/',
    'https://app.example.com{token}/',
    'javascript:alert(1)//https://app.example.com/',
    'data:text/html,x',
    'ftp://app.example.com/',
    'http://localhost:4201/',
    'http://localhost:4200@evil.example/',
    'http://127.0.0.1:4200/',
    'https://auth.test/',
    `https://app.example.com/${'x'.repeat(2_048)}`,
    `https://app.example.com/${'../'.repeat(60_000)}`,
  ])('nowhere with %s', async (verification_base_url) => {
    const before = await traces();
    for (const [path, body] of [
      ['registration/', newcomer()],
      ['get/acctivation/token/', { email: member.email }],
      ['forget/password/', { email: member.email }],
    ] as const) {
      const answer = await post(service, path, { ...body, verification_base_url });
      expect([path, answer.status, answer.body]).toEqual([path, 400, REFUSED_URL]);
    }
    expect(await traces()).toEqual(before);
  });
});
