import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, register, someone } from '../support/people.js';
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
const max = (length: number): string => `Ensure this field has no more than ${length} characters.`;

const post = (body: unknown, headers?: Record<string, string>): ReturnType<Service['request']> =>
  service.request('POST', '/api/auth/register/', { body, ...(headers ? { headers } : {}) });

const complete = (more: object = {}): object => ({
  email: someone(),
  password: PASSWORD,
  confirm_password: PASSWORD,
  ...more,
});

const accounts = async (): Promise<number> => {
  const [row] = await service.sql<{ count: string }>('SELECT count(*) FROM users');
  return Number(row?.count);
};

describe('what registration refuses, and in which words', () => {
  it.each<[string, object, object]>([
    ['nothing at all', {}, { email: [REQUIRED], password: [REQUIRED], confirm_password: [REQUIRED] }],
    [
      'blanks',
      { email: ' ', password: '', confirm_password: '', username: '', first_name: '', last_name: '', phone_number: '' },
      { email: [BLANK], password: [BLANK], confirm_password: [BLANK] },
    ],
    [
      'nulls',
      { email: null, password: null, confirm_password: null, username: null, first_name: null, last_name: null },
      { email: [NULL], first_name: [NULL], last_name: [NULL], password: [NULL], confirm_password: [NULL] },
    ],
    [
      'other types',
      {
        email: true,
        password: [],
        confirm_password: {},
        username: [1],
        first_name: false,
        last_name: {},
        phone_number: true,
      },
      {
        email: [MAIL],
        username: [TEXT],
        first_name: [TEXT],
        last_name: [TEXT],
        phone_number: [TEXT],
        password: [TEXT],
        confirm_password: [TEXT],
      },
    ],
    ['a number where an address should be', complete({ email: 7 }), { email: [MAIL] }],
    [
      'texts that are too long',
      complete({
        email: `${'a'.repeat(250)}@example.com`,
        username: 'u'.repeat(151),
        first_name: 'f'.repeat(151),
        last_name: 'l'.repeat(151),
        phone_number: '1'.repeat(21),
        password: 'p'.repeat(129),
        confirm_password: 'p'.repeat(129),
      }),
      {
        email: [max(254)],
        username: [max(150)],
        first_name: [max(150)],
        last_name: [max(150)],
        phone_number: [max(20)],
        password: [max(128)],
      },
    ],
    [
      'a short password',
      complete({ password: 'seven77', confirm_password: 'seven77' }),
      { password: ['Ensure this field has at least 8 characters.'] },
    ],
    [
      'another confirmation',
      complete({ confirm_password: 'strongpassword124' }),
      { non_field_errors: ["Password confirmation doesn't match"] },
    ],
    [
      'another confirmation beside a broken field: the fields come first',
      complete({ email: 'no', confirm_password: 'strongpassword124' }),
      { email: [MAIL] },
    ],
    [
      'a common password',
      complete({ password: 'iloveyou1', confirm_password: 'iloveyou1' }),
      { password: ['This password is too common.'] },
    ],
    [
      'a common password in capitals',
      complete({ password: 'PASSWORD1', confirm_password: 'PASSWORD1' }),
      { password: ['This password is too common.'] },
    ],
    [
      'a common password beside a broken field',
      complete({ email: 'no', password: 'iloveyou1' }),
      { email: [MAIL], password: ['This password is too common.'] },
    ],
    [
      'a common password beside another confirmation: the field comes first',
      complete({ password: 'iloveyou1' }),
      { password: ['This password is too common.'] },
    ],
    [
      'the address as password',
      { email: 'longname@example.com', password: 'LongName@example.com', confirm_password: 'LongName@example.com' },
      { password: ['The password is too similar to the email.'] },
    ],
    [
      'the address as password, its domain in other letters',
      {
        email: 'longname@b\u00fccher.example',
        password: 'longname@B\u00dcCHER.example',
        confirm_password: 'longname@B\u00dcCHER.example',
      },
      { password: ['The password is too similar to the email.'] },
    ],
    [
      'the local part as password',
      { email: 'longname@example.com', password: 'longname', confirm_password: 'longname' },
      { password: ['The password is too similar to the email.'] },
    ],
    [
      'the username as password',
      complete({ username: 'Grandmaster7', password: 'grandmaster7', confirm_password: 'grandmaster7' }),
      { password: ['The password is too similar to the username.'] },
    ],
    ['a null character', complete({ first_name: 'a\0b' }), { first_name: ['Null characters are not allowed.'] }],
    [
      'half a surrogate pair',
      complete({ last_name: 'a\ud800b' }),
      { last_name: ['Surrogate characters are not allowed: U+D800.'] },
    ],
    [
      'half a surrogate pair in a password',
      complete({ password: 'strong\udfffpassword', confirm_password: 'strong\udfffpassword' }),
      {
        password: ['Surrogate characters are not allowed: U+DFFF.'],
        confirm_password: ['Surrogate characters are not allowed: U+DFFF.'],
      },
    ],
    [
      'half a surrogate pair in an address',
      complete({ email: 'a\ud800@example.com' }),
      { email: ['Surrogate characters are not allowed: U+D800.', MAIL] },
    ],
  ])('%s', async (_, body, expected) => {
    const before = await accounts();
    const answer = await post(body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
    expect(await accounts()).toBe(before);
  });

  it.each([
    'plain',
    'a@b',
    'a@b.c',
    '@example.com',
    'a@',
    'a b@example.com',
    'a..b@example.com',
    '.a@example.com',
    'a.@example.com',
    '"quoted"@example.com',
    '"a@evil.example x"@example.com',
    '=?utf-8?q?a=40evil.example?=@example.com',
    'ä@example.com',
    'mıke@example.com',
    'a@exa mple.com',
    'a@-example.com',
    'a@example-.com',
    'a@example..com',
    'a@example.com.',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@exa_mple.com',
    'a@example.com,b@example.com',
    'a@example.com;b@example.com',
    'a＠example.com',
    'a@example%2ecom',
    'a@exa\u00admple.com',
    `${'a'.repeat(65)}@example.com`,
  ])('%s is no address', async (email) => {
    const answer = await post(complete({ email }));
    expect(answer.body).toEqual({ email: [MAIL] });
    expect(answer.status).toBe(400);
  });

  it('a taken address, in whatever spelling, and before a mismatch', async () => {
    await register(service, 'Taken.Name@Example.com');
    for (const email of [
      'Taken.Name@Example.com',
      'taken.name@example.com',
      'TAKEN.NAME@EXAMPLE.COM',
      ' taken.name@example.com ',
    ]) {
      const answer = await post(complete({ email, confirm_password: 'something else' }));
      expect(answer.body).toEqual({ email: ['User with this email already exists.'] });
      expect(answer.status).toBe(400);
    }
  });

  it('an international domain in either of its forms', async () => {
    await register(service, 'who@Exämple.com');
    const answer = await post(complete({ email: 'who@xn--exmple-cua.com' }));
    expect(answer.body).toEqual({ email: ['User with this email already exists.'] });
  });

  it('a taken username in another case, together with a taken address and whatever else is wrong', async () => {
    await register(service, 'first@example.com', { username: 'Only' });
    const answer = await post({
      email: 'first@example.com',
      username: 'oNLY',
      password: 'short',
      confirm_password: 'short',
    });
    expect(answer.body).toEqual({
      email: ['User with this email already exists.'],
      username: ['A user with that username already exists.'],
      password: ['Ensure this field has at least 8 characters.'],
    });
    expect((await post(complete({ username: 'only' }))).body).toEqual({
      username: ['A user with that username already exists.'],
    });
  });
});

describe('what registration accepts', () => {
  it.each([
    'strongpassword123',
    'newpassword123',
    'secure-password-123',
    'new-secure-password',
    'new-secure-password-123',
  ])('the password %s of a source document', async (password) => {
    expect((await post(complete({ password, confirm_password: password }))).status).toBe(201);
  });

  it.each([
    ['eight blanks', '        '],
    ['eight emoji', '🦉🦊🐻🐼🦁🐯🐨🐷'],
    ['128 characters outside the basic plane', '𝔸'.repeat(128)],
    ['twenty small letters', 'qzjvkxwpbmghtdlrcnys'],
  ])('%s as password, exactly as sent', async (_, password) => {
    const email = someone();
    expect((await post({ email, password, confirm_password: password })).status).toBe(201);
    await service.sql(`UPDATE users SET state = 'active' WHERE email = $1`, [email]);
    const logIn = (sent: string): ReturnType<Service['request']> =>
      service.request('POST', '/api/auth/login/', { body: { email, password: sent } });
    expect((await logIn(password)).status).toBe(200);
    expect((await logIn(`${password} `)).status).toBe(400);
    expect((await logIn(password.slice(0, -1))).status).toBe(400);
  });

  it('all its fields, trimmed, and the phone number that the front end sends', async () => {
    const email = someone();
    await post({
      email: `  ${email} `,
      username: '  jo hn ',
      first_name: ' Jöhn ',
      last_name: ' Döe ',
      phone_number: ' +44 1632 960961 ',
      password: PASSWORD,
      confirm_password: PASSWORD,
    });
    const [user] = await service.sql(
      'SELECT email, username, first_name, last_name, phone_number FROM users WHERE email = $1',
      [email],
    );
    expect(user).toEqual({
      email,
      username: 'jo hn',
      first_name: 'Jöhn',
      last_name: 'Döe',
      phone_number: '+44 1632 960961',
    });
  });

  it('numbers as texts', async () => {
    const email = someone();
    const answer = await post({ email, first_name: 12, password: 9_071_634_518, confirm_password: 9_071_634_518 });
    expect(answer.status).toBe(201);
    const [user] = await service.sql('SELECT first_name FROM users WHERE email = $1', [email]);
    expect(user).toEqual({ first_name: '12' });
  });

  it('several accounts without a username', async () => {
    for (const username of ['', null, '   ', undefined]) {
      expect((await post(complete({ username }))).status).toBe(201);
    }
  });

  it('shows the address as it was entered, its domain in lower case', async () => {
    await post(complete({ email: 'Mixed.Case@EXAMPLE.Com' }));
    const [user] = await service.sql(`SELECT email FROM users WHERE email_canonical = 'mixed.case@example.com'`);
    expect(user).toEqual({ email: 'Mixed.Case@example.com' });
  });

  it('forms of both kinds', async () => {
    const fields = (): [string, string][] => [
      ['email', someone()],
      ['password', PASSWORD],
      ['confirm_password', PASSWORD],
    ];
    const urlencoded = new URLSearchParams(fields());
    const multipart = new FormData();
    for (const [name, value] of fields()) multipart.append(name, value);
    expect((await post(urlencoded)).status).toBe(201);
    expect((await post(multipart)).status).toBe(201);
  });

  it('of a repeated form field the last value', async () => {
    const email = someone();
    const form = new URLSearchParams([
      ['email', someone()],
      ['email', email],
      ['password', PASSWORD],
      ['confirm_password', PASSWORD],
    ]);
    await post(form);
    expect(await service.sql('SELECT email FROM users WHERE email = $1', [email])).toEqual([{ email }]);
  });

  it('nothing that it does not name: no role, no state, no id', async () => {
    const email = someone();
    const claims = {
      role: 'Admin',
      is_superuser: true,
      is_staff: true,
      is_active: true,
      state: 'active',
      email_verified: true,
      email_verified_at: '2020-01-01T00:00:00Z',
      id: 1,
      public_id: '00000000-0000-4000-8000-000000000000',
      password_hash: 'x',
      date_joined: '2020-01-01T00:00:00Z',
      user: { role: 'Admin' },
    };
    await service.request('POST', '/api/auth/register/', {
      body: `{"__proto__": {"role": "Admin", "state": "active"}, "constructor": {"prototype": {"state": "active"}}, ${JSON.stringify({ email, password: PASSWORD, confirm_password: PASSWORD, ...claims }).slice(1)}`,
    });
    const [user] = await service.sql<{ created_at: Date; public_id: string }>(
      'SELECT role, state, email_verified_at, password_hash LIKE $2 AS hashed, created_at, public_id FROM users WHERE email = $1',
      [email, '$argon2id$v=19$m=1024,t=1,p=1$%'],
    );
    expect(user).toMatchObject({ role: 'Viewer', state: 'pending', email_verified_at: null, hashed: true });
    expect(user?.created_at.getFullYear()).toBeGreaterThan(2020);
    expect(user?.public_id).not.toBe(claims.public_id);
  });
});

describe('bodies that cannot be read', () => {
  it.each([
    ['[1]', 'Invalid data. Expected a dictionary, but got list.'],
    ['"text"', 'Invalid data. Expected a dictionary, but got str.'],
    ['1', 'Invalid data. Expected a dictionary, but got int.'],
    ['1.5', 'Invalid data. Expected a dictionary, but got float.'],
    ['true', 'Invalid data. Expected a dictionary, but got bool.'],
    ['null', 'No data provided'],
  ])('%s is no object', async (body, message) => {
    const answer = await post(body);
    expect(answer.body).toEqual({ non_field_errors: [message] });
    expect(answer.status).toBe(400);
  });

  it.each([
    ['{', 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'],
    ['{a', 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)'],
    ['abc', 'Expecting value: line 1 column 1 (char 0)'],
    ['{"a" 1}', "Expecting ':' delimiter: line 1 column 6 (char 5)"],
    ['{"a": }', 'Expecting value: line 1 column 7 (char 6)'],
    ['{"a": 1 "b"}', "Expecting ',' delimiter: line 1 column 9 (char 8)"],
    ['{"a": 1,}', 'Expecting property name enclosed in double quotes: line 1 column 9 (char 8)'],
    ['{"a": [1 2]}', "Expecting ',' delimiter: line 1 column 10 (char 9)"],
    ['{"a": "b', 'Unterminated string starting at: line 1 column 7 (char 6)'],
    ['{"a": "b\nc"}', 'Invalid control character at: line 1 column 9 (char 8)'],
    ['{"a": "\\x"}', 'Invalid \\escape: line 1 column 8 (char 7)'],
    ['{"a": "\\u0041', 'Invalid \\uXXXX escape: line 1 column 9 (char 8)'],
    ['{"a": "\\u12"}', 'Invalid \\uXXXX escape: line 1 column 9 (char 8)'],
    ['{} {}', 'Extra data: line 1 column 4 (char 3)'],
    ['{\n "é🦉": nope}', 'Expecting value: line 2 column 8 (char 9)'],
    ['  ', 'Expecting value: line 1 column 3 (char 2)'],
    ['\ufeff{}', 'Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)'],
    ['{"a": NaN}', "Out of range float values are not JSON compliant: 'NaN'"],
    ['[1, -Infinity', "Out of range float values are not JSON compliant: '-Infinity'"],
    ['['.repeat(50_000), 'Expecting value: line 1 column 50001 (char 50000)'],
  ])('malformed JSON is told in the words of Python: %#', async (body, reason) => {
    const answer = await post(body);
    expect(answer.body).toEqual({ detail: `JSON parse error - ${reason}` });
    expect(answer.status).toBe(400);
  });

  it.each([
    ['7b22ff227d', "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"],
    ['7b22c080227d', "'utf-8' codec can't decode byte 0xc0 in position 2: invalid start byte"],
    ['7b22e228a1227d', "'utf-8' codec can't decode byte 0xe2 in position 2: invalid continuation byte"],
    ['7b22eda080227d', "'utf-8' codec can't decode byte 0xed in position 2: invalid continuation byte"],
    ['7b22e282227d', "'utf-8' codec can't decode bytes in position 2-3: invalid continuation byte"],
    ['7b22f09f98227d', "'utf-8' codec can't decode bytes in position 2-4: invalid continuation byte"],
    ['7b22c3', 'Unterminated string starting at: line 1 column 2 (char 1)'],
  ])('bytes that are not UTF-8: %s', async (bytes, reason) => {
    const response = await fetch(`${service.url}/api/auth/register/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(bytes, 'hex'),
    });
    expect(await response.json()).toEqual({
      detail: `JSON parse error - ${reason}`,
    });
    expect(response.status).toBe(400);
  });

  it.each(['application/xml', 'text/plain;charset=UTF-8', 'application/vnd.api+json'])(
    '%s is not read',
    async (type) => {
      const answer = await post('<a/>', { 'content-type': type });
      expect(answer.body).toEqual({ detail: `Unsupported media type "${type}" in request.` });
      expect(answer.status).toBe(415);
    },
  );

  it('a form without its boundary', async () => {
    const answer = await post('x', { 'content-type': 'multipart/form-data' });
    expect(answer.body).toEqual({ detail: expect.stringMatching(/^Multipart form parse error - /) as string });
    expect(answer.status).toBe(400);
  });

  it('a form that breaks off', async () => {
    const answer = await post('--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b', {
      'content-type': 'multipart/form-data; boundary=x',
    });
    expect(answer.status).toBe(400);
  });

  it.each([
    ['parts without a name', '--x\r\n\r\n\r\n'],
    ['fields', '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'],
    ['files', '--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n\r\n'],
  ])('a form of very many %s', async (_what, part) => {
    const body = `${part.repeat(2_000)}--x--\r\n`;
    const answer = await post(body, { 'content-type': 'multipart/form-data; boundary=x' });
    expect(answer.body).toEqual({ detail: 'Multipart form parse error - too many parts' });
    expect(answer.status).toBe(400);
  });

  it('a body beyond the limit', async () => {
    const answer = await post(complete({ first_name: 'x'.repeat(300_000) }));
    expect(answer.body).toEqual({ detail: 'The request body is too large.' });
    expect(answer.status).toBe(413);
  });

  it('an empty body, whatever its type, is an empty object', async () => {
    for (const type of ['application/json', 'application/xml', 'multipart/form-data; boundary=x']) {
      const answer = await post('', { 'content-type': type });
      expect(answer.body).toEqual({ email: [REQUIRED], password: [REQUIRED], confirm_password: [REQUIRED] });
    }
  });

  it('a file where a text should be', async () => {
    const form = new FormData();
    form.append('email', new Blob(['x']), 'x.txt');
    const answer = await post(form);
    expect(answer.body).toMatchObject({ email: [MAIL] });
    expect(answer.status).toBe(400);
  });
});

it.skipIf(isEmbedded)('of many who register one address at once, one does', async () => {
  const email = someone();
  const spellings = [email, email.toUpperCase(), `${email[0]?.toUpperCase()}${email.slice(1)}`];
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => register(service, spellings[index % 3]!)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  for (const { status, body } of answers) {
    if (status !== 201) expect(body).toEqual({ email: ['User with this email already exists.'] });
  }
  expect(await service.sql('SELECT 1 FROM users WHERE email_canonical = $1', [email])).toHaveLength(1);
});
