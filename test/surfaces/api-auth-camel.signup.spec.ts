import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken, signUp } from '../support/camel-people.js';
import { join, PASSWORD, someone } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const REQUIRED = 'This field is required.';
const BLANK = 'This field may not be blank.';
const NULL = 'This field may not be null.';
const TEXT = 'Not a valid string.';
const MAIL = 'Enter a valid email address.';
const TAKEN = 'user with this email already exists.';
const max = (length: number): string => `Ensure this field has no more than ${length} characters.`;

const post = (body: unknown, headers: Record<string, string> = {}): ReturnType<Service['request']> =>
  service.request('POST', '/api/auth/signup/', { body, headers });

const complete = (more: object = {}): object => ({
  email: someone(),
  password: PASSWORD,
  password2: PASSWORD,
  ...more,
});

const rowOf = async (email: string): Promise<object | undefined> => {
  const [row] = await service.sql<object>(
    `SELECT state, email_verified_at, role, phone_number, username FROM users WHERE email = $1`,
    [email],
  );
  return row;
};

describe('what sign-up refuses, and in which words', () => {
  it.each<[string, object, object]>([
    ['nothing at all', {}, { email: [REQUIRED], password: [REQUIRED], password2: [REQUIRED] }],
    [
      'blanks',
      { email: ' ', password: '', password2: '', phoneNumber: ' ' },
      { email: [BLANK], password: [BLANK], password2: [BLANK], phoneNumber: [BLANK] },
    ],
    [
      'nulls',
      { email: null, password: null, password2: null, phoneNumber: null },
      { email: [NULL], password: [NULL], password2: [NULL], phoneNumber: [NULL] },
    ],
    [
      'other types',
      { email: true, password: [], password2: {}, phoneNumber: false },
      { email: [MAIL], password: [TEXT], password2: [TEXT], phoneNumber: [TEXT] },
    ],
    ['a number where an address should be', complete({ email: 7 }), { email: [MAIL] }],
    [
      'texts that are too long',
      complete({
        email: `${'a'.repeat(250)}@example.com`,
        phoneNumber: '1'.repeat(17),
        password: 'p'.repeat(129),
        password2: 'p'.repeat(129),
      }),
      { email: [max(254)], phoneNumber: [max(16)], password: [max(128)] },
    ],
    [
      'U+0000 and half a surrogate pair',
      complete({ email: 'a\0@example.com', phoneNumber: '1\0', password: 'strong\ud800password' }),
      {
        email: ['Null characters are not allowed.', MAIL],
        phoneNumber: ['Null characters are not allowed.'],
        password: ['Surrogate characters are not allowed: U+D800.'],
      },
    ],
    ['another repetition', complete({ password2: 'x' }), { nonFieldErrors: ["Passwords don't match!"] }],
    ['another repetition beside a broken field', complete({ email: 'no', password2: 'x' }), { email: [MAIL] }],
    [
      'a short password',
      complete({ password: '1', password2: '1' }),
      { password: ['This password is too short. It must contain at least 8 characters.'] },
    ],
    [
      'a common password',
      complete({ password: 'PASSWORD1', password2: 'PASSWORD1' }),
      { password: ['This password is too common.'] },
    ],
    [
      'the address as password',
      { email: 'longname@example.com', password: 'LongName', password2: 'LongName' },
      { password: ['The password is too similar to the email.'] },
    ],
  ])('%s', async (_, body, expected) => {
    const answer = await post(body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
  });

  it('a taken address in any spelling, told with what else is wrong with the fields and before a mismatch', async () => {
    const email = someone();
    await signUp(service, email);
    const { user } = await join(service);
    for (const taken of [email, email.toUpperCase(), ` ${email} `, user.email]) {
      for (const more of [{}, { password2: 'other' }]) {
        const answer = await signUp(service, taken, more);
        expect([answer.status, answer.body]).toEqual([400, { email: [TAKEN] }]);
      }
    }
    expect((await post({ email, phoneNumber: '' })).body).toEqual({
      email: [TAKEN],
      phoneNumber: [BLANK],
      password: [REQUIRED],
      password2: [REQUIRED],
    });
  });
});

describe('a new account', () => {
  it('is active and not verified, gets no mail, and can log in here and elsewhere', async () => {
    const email = someone();
    const answer = await signUp(service, email);
    expect([answer.status, answer.body]).toEqual([201, { email, phoneNumber: '+000000000' }]);
    expect(await rowOf(email)).toEqual({
      state: 'active',
      email_verified_at: null,
      role: 'Viewer',
      phone_number: null,
      username: null,
    });
    expect((await getToken(service, email)).status).toBe(200);
    const elsewhere = await service.request<{ user: object }>('POST', '/api/auth/login/', {
      body: { email, password: PASSWORD },
    });
    expect(elsewhere.body.user).toMatchObject({ email, phone_number: null, is_active: true });
    expect(await service.sql('SELECT 1 FROM outgoing_mails WHERE recipient = $1', [email])).toEqual([]);
  });

  it('keeps its address as it was written, the domain in lower case, and its phone number', async () => {
    const answer = await post(complete({ email: ' Camel.Case@EXAMPLE.com ', phoneNumber: ' +375291234567 ' }));
    expect(answer.body).toEqual({ email: 'Camel.Case@example.com', phoneNumber: '+375291234567' });
    expect(await rowOf('Camel.Case@example.com')).toMatchObject({ phone_number: '+375291234567' });
  });

  it('has its password exactly as it was sent', async () => {
    const email = someone();
    const password = '  strongpassword123 ';
    expect((await signUp(service, email, { password, password2: password })).status).toBe(201);
    expect((await getToken(service, email, password.trim())).status).toBe(401);
    expect((await getToken(service, email, password)).status).toBe(200);
    expect((await signUp(service, someone(), { password, password2: password.trim() })).body).toEqual({
      nonFieldErrors: ["Passwords don't match!"],
    });
  });

  it.skipIf(isEmbedded)('is one, whoever asks at once', async () => {
    const email = someone();
    const answers = await Promise.all(Array.from({ length: 16 }, () => signUp(service, email)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(15).fill(400)]);
    for (const { status, body } of answers) {
      expect(body).toEqual(status === 201 ? { email, phoneNumber: '+000000000' } : { email: [TAKEN] });
    }
  });
});

describe('names of fields', () => {
  it.each<[string, object]>([
    ['snake_case', { phone_number: '123', password: PASSWORD, password_2: PASSWORD }],
    ['both', { phone_number: '123', password: PASSWORD, password2: PASSWORD }],
    ['those of later clients', { phoneNumber: '123', password: PASSWORD, confirmationPassword: PASSWORD }],
    [
      'those of later clients in snake_case',
      { phone_number: '123', password: PASSWORD, confirmation_password: PASSWORD },
    ],
  ])('may be %s', async (_, body) => {
    const email = someone();
    const answer = await post({ email, ...body });
    expect([answer.status, answer.body]).toEqual([201, { email, phoneNumber: '123' }]);
  });

  it('are in camelCase where they are told of', async () => {
    const answer = await post({ email: someone(), phone_number: '', password: PASSWORD, password_2: null });
    expect(answer.body).toEqual({ phoneNumber: [BLANK], password2: [NULL] });
    expect((await post(complete({ confirmation_password: '' }))).body).toEqual({ password2: [BLANK] });
  });

  it('of one field in several spellings: the last one counts, as of a name that is repeated', async () => {
    const of = async (body: string): Promise<unknown> =>
      (await post(`{"email":"${someone()}","password":"${PASSWORD}","password2":"${PASSWORD}",${body}}`)).body;
    expect(await of('"phoneNumber":"1","phone_number":"2"')).toMatchObject({ phoneNumber: '2' });
    expect(await of('"phone_number":"2","phoneNumber":"1"')).toMatchObject({ phoneNumber: '1' });
    expect(await of('"phoneNumber":"1","phone_number":null')).toEqual({ phoneNumber: [NULL] });
    expect(await of('"password_2":"other"')).toEqual({ nonFieldErrors: ["Passwords don't match!"] });
    const form = new URLSearchParams([
      ['email', someone()],
      ['password', PASSWORD],
      ['password2', 'other'],
      ['password_2', PASSWORD],
    ]);
    expect((await post(form)).status).toBe(201);
  });

  it('that no field has are ignored', async () => {
    const email = someone();
    const more = { Password2: 'x', phonenumber: 'x', PASSWORD_2: 'x', __proto__x: 1, id: 7, role: 'Admin' };
    expect((await signUp(service, email, more)).status).toBe(201);
    expect(await rowOf(email)).toMatchObject({ role: 'Viewer', phone_number: null });
  });
});

describe('other bodies', () => {
  it('may be forms', async () => {
    const fields = { password: PASSWORD, password2: PASSWORD, phoneNumber: '15487711' };
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, email: 'multipart@example.com' })) form.set(name, value);
    const answers = [await post(new URLSearchParams({ ...fields, email: 'form@example.com' })), await post(form)];
    expect(answers.map(({ body }) => body)).toEqual([
      { email: 'form@example.com', phoneNumber: '15487711' },
      { email: 'multipart@example.com', phoneNumber: '15487711' },
    ]);
  });

  it.each<[unknown, object]>([
    ['[1]', { nonFieldErrors: ['Invalid data. Expected a dictionary, but got list.'] }],
    ['null', { nonFieldErrors: ['No data provided'] }],
    ['"x"', { nonFieldErrors: ['Invalid data. Expected a dictionary, but got str.'] }],
    ['7', { nonFieldErrors: ['Invalid data. Expected a dictionary, but got int.'] }],
    ['{', { detail: 'JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)' }],
  ])('%s is refused', async (body, expected) => {
    const answer = await post(body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  });

  it('of other types are not read', async () => {
    const answer = await post('hello', { 'content-type': 'text/plain' });
    expect([answer.status, answer.body]).toEqual([415, { detail: 'Unsupported media type "text/plain" in request.' }]);
  });
});
