import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { askForCode, enter, getToken, mailedCode, otherCode, sessionToken, signUp } from '../support/camel-people.js';
import { join, PASSWORD, register, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';
import { codeIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const NEW = 'newpassword123';
const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const TEXT = 'Not a valid string.';
const MAIL = 'Enter a valid email address.';
const BAD_CODE = { code: ['Code has expired or it is incorrect.'] };
const BAD_TOKEN = { sessionToken: ['Session token has expired or it is incorrect.'] };
const DIFFERENT = { nonFieldErrors: ["New passwords don't match!"] };
const TOKEN = 'TynWuwurQ7oZKImtynKggGoKFK5TiXdh';

const PATH = '/api/auth/reset-password/';
const get = (query: string, headers: Record<string, string> = {}): Promise<Answered> =>
  service.request('GET', PATH + query, { headers });
const exchange = (body: unknown): Promise<Answered<{ sessionToken: string }>> =>
  service.request('POST', PATH, { body });
const reset = (body: unknown): Promise<Answered> => service.request('PATCH', PATH, { body });
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

function expectAnswer(answer: Answered, status: number, body: unknown): void {
  expect([answer.status, answer.body]).toEqual([status, body]);
}

/** How many reset codes were promised to this address. */
async function codesTo(email: string): Promise<number> {
  const rows = await service.sql(`SELECT 1 FROM outgoing_mails WHERE recipient = $1 AND kind = 'reset_code'`, [email]);
  return rows.length;
}

describe('asking for a code', () => {
  it.each<[string, object]>([
    ['', { email: [REQUIRED] }],
    ['?mail=a@example.com', { email: [REQUIRED] }],
    ['?email=', { email: [BLANK] }],
    ['?email=%20', { email: [BLANK] }],
    ['?email=no', { email: [MAIL] }],
    ['?email=a%00@example.com', { email: ['Null characters are not allowed.', MAIL] }],
    [`?email=${'a'.repeat(250)}@example.com`, { email: ['Ensure this field has no more than 254 characters.'] }],
    ['?email=Nobody@Example.COM', { email: ['No user Nobody@example.com was found.'] }],
  ])('%s is refused', async (query, expected) => {
    expectAnswer(await get(query), 400, expected);
  });

  it('names the address as it is stored, and mails to it', async () => {
    const email = `Stored.${someone()}`;
    await signUp(service, email);
    const answer = await askForCode(service, ` ${email.toUpperCase()} `);
    expectAnswer(answer, 200, { success: `Successfully sent a reset code to ${email}.` });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const mail = await service.smtp.next(email);
    expect(mail.text + mail.html).not.toContain('Stored');
  });

  it('takes the last of a repeated address', async () => {
    const [first, last] = [await enter(service), await enter(service)];
    expectAnswer(await get(`?email=${first.email}&email=${last.email}`), 200, {
      success: `Successfully sent a reset code to ${last.email}.`,
    });
    expect([await codesTo(first.email), await codesTo(last.email)]).toEqual([0, 1]);
  });

  it('replaces the code of before', async () => {
    const { email } = await enter(service);
    const before = await mailedCode(service, email);
    const after = await mailedCode(service, email);
    if (before !== after) expectAnswer(await exchange({ email, code: before }), 400, BAD_CODE);
    expect((await exchange({ email, code: after })).status).toBe(200);
  });

  it('works for accounts of every surface, one that waits for its proof included', async () => {
    const email = someone();
    await register(service, email);
    await service.smtp.next(email);
    const token = await sessionToken(service, email);
    const body = { email, sessionToken: token, newPassword: NEW, newPassword2: NEW };
    expect((await reset(body)).status).toBe(200);
    expect(
      await service.sql('SELECT state, email_verified_at IS NOT NULL AS verified FROM users WHERE email = $1', [email]),
    ).toEqual([{ state: 'active', verified: true }]);
    expect((await getToken(service, email, NEW)).status).toBe(200);
  });

  it('mails nothing to a disabled account, and does not say so', async () => {
    const { email } = await enter(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expectAnswer(await askForCode(service, email), 200, {
      success: `Successfully sent a reset code to ${email}.`,
    });
    expect(await codesTo(email)).toBe(0);
    expectAnswer(await exchange({ email, code: '123456' }), 400, BAD_CODE);
  });

  it.each<[string, Record<string, string>]>([
    ['a navigation', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a script', { 'sec-fetch-dest': 'script' }],
    ['an older browser', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }],
    ['a prefetch', { 'sec-purpose': 'prefetch', accept: '*/*' }],
    ['a prerender', { 'sec-purpose': 'prefetch;prerender' }],
    ['an older prefetch', { purpose: 'prefetch' }],
    ['the oldest prefetch', { 'x-moz': 'prefetch' }],
  ])('%s sends nothing and leaves the code good', async (_, headers) => {
    const { email } = await enter(service);
    const code = await mailedCode(service, email);
    for (const address of [email, 'nobody@example.com']) {
      expectAnswer(await askForCode(service, address, headers), 403, {
        detail: 'You do not have permission to perform this action.',
      });
    }
    expect(await codesTo(email)).toBe(1);
    expect((await exchange({ email, code })).status).toBe(200);
  });

  it('HEAD and OPTIONS send nothing', async () => {
    const { email } = await enter(service);
    for (const address of [email, 'nobody@example.com']) {
      const head = await service.request('HEAD', `${PATH}?email=${address}`);
      expectAnswer(head, 200, '');
      const options = await service.request('OPTIONS', `${PATH}?email=${address}`);
      expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, POST, PATCH, HEAD, OPTIONS']);
    }
    expect(await codesTo(email)).toBe(0);
  });

  it('a script of a browser, and whoever is no browser, gets the code', async () => {
    const { email } = await enter(service);
    const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'application/json, text/plain, */*' };
    expect((await askForCode(service, email, script)).status).toBe(200);
    expect((await askForCode(service, email)).status).toBe(200);
    expect(await codesTo(email)).toBe(2);
  });
});

describe('exchanging the code', () => {
  it.each<[object, object]>([
    [{}, { email: [REQUIRED], code: [REQUIRED] }],
    [
      { email: '', code: ' ' },
      { email: [BLANK], code: [BLANK] },
    ],
    [
      { email: null, code: null },
      { email: [NULL], code: [NULL] },
    ],
    [
      { email: true, code: [1] },
      { email: [MAIL], code: [TEXT] },
    ],
    [{ email: 'no', code: '123456' }, { email: [MAIL] }],
    [{ email: 'a@example.com', code: '1\0' }, { code: ['Null characters are not allowed.'] }],
    [{ email: 'Nobody@Example.COM', code: '123456' }, { email: ['No user Nobody@example.com was found.'] }],
  ])('%j is refused', async (body, expected) => {
    expectAnswer(await exchange(body), 400, expected);
  });

  it('gives a token once, for any spelling of the address, and for the code as a text or a number', async () => {
    const { email } = await enter(service);
    const code = await mailedCode(service, email);
    const answer = await exchange({ email: email.toUpperCase(), code: ` ${code} ` });
    expectAnswer(answer, 200, { sessionToken: expect.stringMatching(/^[0-9A-Za-z]{32}$/) as string });
    expectAnswer(await exchange({ email, code }), 400, BAD_CODE);
    let next = await mailedCode(service, email);
    while (next.startsWith('0')) next = await mailedCode(service, email);
    expect((await exchange({ email, code: Number(next) })).status).toBe(200);
  });

  it.each(['0000', '1234567', 'abcdef', '12 456', '١٢٣٤٥٦', 'x'.repeat(100_000)])(
    'refuses %j like any other wrong code',
    async (code) => {
      const { email } = await enter(service);
      await mailedCode(service, email);
      expectAnswer(await exchange({ email, code }), 400, BAD_CODE);
    },
  );

  it('refuses the code of somebody else, and one that nobody asked for', async () => {
    const [one, other] = [await enter(service), await enter(service)];
    const code = await mailedCode(service, one.email);
    expectAnswer(await exchange({ email: other.email, code }), 400, BAD_CODE);
    expect((await exchange({ email: one.email, code })).status).toBe(200);
  });

  it('refuses the code after five wrong ones', async () => {
    const { email } = await enter(service);
    for (const [wrong, status] of [
      [4, 200],
      [5, 400],
    ] as const) {
      const code = await mailedCode(service, email);
      for (let time = 0; time < wrong; time += 1) {
        expectAnswer(await exchange({ email, code: otherCode(code) }), 400, BAD_CODE);
      }
      expect((await exchange({ email, code })).status).toBe(status);
    }
    expect((await exchange({ email, code: await mailedCode(service, email) })).status).toBe(200);
  });

  it('refuses the code after ten minutes', async () => {
    const { email } = await enter(service);
    const late = await mailedCode(service, email);
    later(600);
    expectAnswer(await exchange({ email, code: late }), 400, BAD_CODE);
    const code = await mailedCode(service, email);
    later(599);
    expect((await exchange({ email, code })).status).toBe(200);
  });

  it.skipIf(isEmbedded)('gives one token to many who ask at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { email } = await enter(service);
      const code = await mailedCode(service, email);
      const answers = await Promise.all(Array.from({ length: 16 }, () => exchange({ email, code })));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(15).fill(400)]);
    }
  });

  it.skipIf(isEmbedded)('looks at five of many guesses at once', async () => {
    const { email } = await enter(service);
    const code = await mailedCode(service, email);
    await Promise.all(Array.from({ length: 16 }, () => exchange({ email, code: otherCode(code) })));
    expectAnswer(await exchange({ email, code }), 400, BAD_CODE);
    expect(
      await service.sql(
        `SELECT attempts FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE u.email = $1 AND purpose = 'reset_code'`,
        [email],
      ),
    ).toEqual([{ attempts: 5 }]);
  });
});

describe('setting the new password', () => {
  const complete = (email: string, more: object = {}): object => ({
    email,
    sessionToken: TOKEN,
    newPassword: NEW,
    newPassword2: NEW,
    ...more,
  });

  it.each<[object, object]>([
    [{}, { email: [REQUIRED], sessionToken: [REQUIRED], newPassword: [REQUIRED], newPassword2: [REQUIRED] }],
    [
      { email: '', session_token: '', new_password: '', new_password_2: '' },
      { email: [BLANK], sessionToken: [BLANK], newPassword: [BLANK], newPassword2: [BLANK] },
    ],
    [
      { email: null, sessionToken: null, newPassword: null, confirmationPassword: null },
      { email: [NULL], sessionToken: [NULL], newPassword: [NULL], newPassword2: [NULL] },
    ],
    [
      { email: 1, sessionToken: [], newPassword: {}, newPassword2: true },
      { email: [MAIL], sessionToken: [TEXT], newPassword: [TEXT], newPassword2: [TEXT] },
    ],
    [
      complete('nobody@example.com', { newPassword: 'x'.repeat(129) }),
      { newPassword: ['Ensure this field has no more than 128 characters.'] },
    ],
  ])('%j is refused', async (body, expected) => {
    expectAnswer(await reset(body), 400, expected);
  });

  it('looks at the address, the form of the token, the repetition, the token and the password, in this order', async () => {
    const { email } = await enter(service);
    const good = await sessionToken(service, email);
    const unknown = { email: ['No user nobody@example.com was found.'] };
    const short = { newPassword: ['This password is too short. It must contain at least 8 characters.'] };
    for (const [body, expected] of [
      [complete('nobody@Example.com', { sessionToken: 'x', newPassword: '1' }), unknown],
      [complete(email, { sessionToken: 'x', newPassword: '1' }), BAD_TOKEN],
      [complete(email, { sessionToken: `${TOKEN.slice(1)}-`, newPassword: '1' }), BAD_TOKEN],
      [complete(email, { newPassword: '1' }), DIFFERENT],
      [complete(email, { newPassword: '1', newPassword2: '1' }), BAD_TOKEN],
      [complete(email, { sessionToken: good, newPassword2: `${NEW} ` }), DIFFERENT],
      [complete(email, { sessionToken: good, newPassword: '1', newPassword2: '1' }), short],
      [
        complete(email, { sessionToken: good, newPassword: email, newPassword2: email }),
        { newPassword: ['The password is too similar to the email.'] },
      ],
    ]) {
      const answer = await reset(body);
      expect([body, answer.status, answer.body]).toEqual([body, 400, expected]);
    }
    expect((await getToken(service, email)).status).toBe(200);
    // None of it used the token up.
    expectAnswer(await reset(complete(email.toUpperCase(), { sessionToken: good })), 200, {
      success: `Successfully changed password for ${email}.`,
    });
    expectAnswer(await reset(complete(email, { sessionToken: good })), 400, BAD_TOKEN);
  });

  it.each<[string, (token: string) => object]>([
    ['snake_case', (session_token) => ({ session_token, new_password: NEW, new_password_2: NEW })],
    ['later clients', (sessionToken) => ({ sessionToken, newPassword: NEW, confirmationPassword: NEW })],
  ])('takes the names of %s', async (_, bodyOf) => {
    const { email } = await enter(service);
    expect((await reset({ email, ...bodyOf(await sessionToken(service, email)) })).status).toBe(200);
    expect((await getToken(service, email, NEW)).status).toBe(200);
  });

  it('refuses the token of somebody else, and one that is ten minutes old', async () => {
    const [one, other] = [await enter(service), await enter(service)];
    const token = await sessionToken(service, one.email);
    expectAnswer(await reset(complete(other.email, { sessionToken: token })), 400, BAD_TOKEN);
    later(600);
    expectAnswer(await reset(complete(one.email, { sessionToken: token })), 400, BAD_TOKEN);
    for (const { email } of [one, other]) expect((await getToken(service, email)).status).toBe(200);
  });

  it('refuses the token of a mailed link, and a link of another surface refuses this one', async () => {
    const { user } = await join(service);
    const before = service.smtp.to(user.email).length;
    await service.request('POST', '/api/auth/password-reset/', { body: { email: user.email } });
    const mail = await service.smtp.next(user.email, before + 1);
    const [, link = ''] = /token=([0-9a-f]{32})/.exec(mail.text) ?? [];
    expectAnswer(await reset(complete(user.email, { sessionToken: link })), 400, BAD_TOKEN);
    const token = await sessionToken(service, user.email);
    const body = { token, password: NEW };
    expect((await service.request('POST', '/api/auth/password-reset/confirm/', { body })).status).toBe(400);
  });

  it('ends every session and every pending secret, verifies the address, and tells the owner', async () => {
    const person = await enter(service);
    const { email } = person;
    const token = await sessionToken(service, email);
    const code = await mailedCode(service, email);
    expect((await reset(complete(email, { sessionToken: token }))).status).toBe(200);
    expect((await service.request('GET', '/api/users/settings/', { token: person.access })).status).toBe(401);
    expectAnswer(await exchange({ email, code }), 400, BAD_CODE);
    expect((await getToken(service, email, PASSWORD)).status).toBe(401);
    expect((await getToken(service, email, NEW)).status).toBe(200);
    expect(
      await service.sql('SELECT 1 FROM users WHERE email = $1 AND email_verified_at IS NOT NULL', [email]),
    ).toHaveLength(1);
    expect((await service.smtp.next(email, 3)).subject).toBe('Your password was changed');
  });

  it.skipIf(isEmbedded)('lets one of many through', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { email } = await enter(service);
      const token = await sessionToken(service, email);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          reset(
            complete(email, { sessionToken: token, newPassword: `${NEW}${index}`, newPassword2: `${NEW}${index}` }),
          ),
        ),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(15).fill(400)]);
      const winner = answers.findIndex(({ status }) => status === 200);
      expect((await getToken(service, email, `${NEW}${winner}`)).status).toBe(200);
    }
  });
});

it('no answer carries what a mail does', async () => {
  const { email } = await enter(service);
  const answer = await askForCode(service, email);
  const code = codeIn(await service.smtp.next(email));
  expect(JSON.stringify([answer.body, [...answer.headers]])).not.toContain(code);
});
