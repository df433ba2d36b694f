import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrive, logIn, PASSWORD, signUp, signUpForLink, type Person } from '../support/djoser.js';
import { register, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

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
const WRONG = 'Invalid password.';
const DIFFER = "The two password fields didn't match.";
const max = (length: number): string => `Ensure this field has no more than ${length} characters.`;
const SHORT = 'This password is too short. It must contain at least 8 characters.';
const COMMON = 'This password is too common.';

const create = (body: unknown): Promise<Answered> => service.request('POST', '/auth/users/', { body });
const complete = (more: object = {}): object => ({
  email: someone(),
  password: PASSWORD,
  re_password: PASSWORD,
  ...more,
});
const send = (person: Person, method: string, path: string, body?: unknown): Promise<Answered> =>
  service.request(method, path, {
    headers: { authorization: `JWT ${person.access}` },
    ...(body === undefined ? {} : { body }),
  });

describe('creating a user', () => {
  it.each<[string, object, object]>([
    ['nothing at all', {}, { email: [REQUIRED], password: [REQUIRED], re_password: [REQUIRED] }],
    [
      'blanks',
      { email: ' ', name: ' ', password: '', re_password: '' },
      { email: [BLANK], password: [BLANK], re_password: [BLANK] },
    ],
    [
      'nulls',
      { email: null, name: null, password: null, re_password: null },
      { email: [NULL], name: [NULL], password: [NULL], re_password: [NULL] },
    ],
    [
      'other types',
      { email: true, name: [], password: [1], re_password: {} },
      { email: [MAIL], name: [TEXT], password: [TEXT], re_password: [TEXT] },
    ],
    ['a number as address', complete({ email: 7 }), { email: [MAIL] }],
    [
      'texts that are too long',
      complete({ email: `${'a'.repeat(250)}@example.com`, name: 'n'.repeat(256) }),
      { email: [max(254)], name: [max(255)] },
    ],
    ['a null character', complete({ name: 'a\0b' }), { name: ['Null characters are not allowed.'] }],
    [
      'half a surrogate pair',
      complete({ password: 'secure\ud800password' }),
      { password: ['Surrogate characters are not allowed: U+D800.'] },
    ],
    ['a short password, before the mismatch', complete({ password: 'seven77' }), { password: [SHORT] }],
    ['a common one', complete({ password: 'password1', re_password: 'password1' }), { password: [COMMON] }],
    ['two reasons', complete({ password: 'p'.repeat(129), re_password: 'p'.repeat(129) }), { password: [max(128)] }],
    [
      'the address as password',
      { email: 'longname@example.com', password: 'LongName@example.com', re_password: 'LongName@example.com' },
      { password: ['The password is too similar to the email.'] },
    ],
    ['a mismatch', complete({ re_password: 'secure-password-124' }), { non_field_errors: [DIFFER] }],
    ['only a blank of difference', complete({ re_password: `${PASSWORD} ` }), { non_field_errors: [DIFFER] }],
    [
      'a broken field beside a weak password and a mismatch',
      { email: 'no', password: 'short', re_password: 'other' },
      { email: [MAIL] },
    ],
  ])('refuses %s', async (_, body, expected) => {
    const [before] = await service.sql('SELECT count(*) FROM users');
    const answer = await create(body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
    expect((await service.sql('SELECT count(*) FROM users'))[0]).toEqual(before);
  });

  it('refuses a taken address in any spelling, of any surface, before a weak password and a mismatch', async () => {
    const email = 'Taken.Name@example.com';
    await register(service, email);
    for (const spelling of [email, 'taken.name@EXAMPLE.com', ` ${email} `]) {
      const answer = await create({ email: spelling, password: 'short', re_password: 'other' });
      expect([answer.status, answer.body]).toEqual([400, { email: [TAKEN] }]);
    }
    expect((await create({ email, name: 'n'.repeat(256), password: PASSWORD })).body).toEqual({
      email: [TAKEN],
      name: [max(255)],
      re_password: [REQUIRED],
    });
  });

  it('answers number, address and name, and keeps the name as the two that others know', async () => {
    for (const [name, first, last] of [
      ['Jane Mary  Doe', 'Jane', 'Mary  Doe'],
      ['Jane', 'Jane', ''],
      ['', '', ''],
      [' Jane Doe ', 'Jane', 'Doe'],
    ] as const) {
      const email = `Shown.${someone().replace('example', 'EXAMPLE')}`;
      const answer = await signUp(service, email, { name });
      const [row] = await service.sql<{ id: number }>(
        'SELECT id, first_name, last_name, state FROM users WHERE email_canonical = $1',
        [email.toLowerCase()],
      );
      expect(row).toMatchObject({ first_name: first, last_name: last, state: 'pending' });
      expect(answer.body).toEqual({ id: row?.id, email: email.replace('EXAMPLE', 'example'), name: name.trim() });
      expect(answer.status).toBe(201);
    }
  });

  it('shows the names that another surface stored', async () => {
    const email = someone();
    await register(service, email, { first_name: 'John', last_name: 'van Doe' });
    await service.sql(`UPDATE users SET state = 'active' WHERE email = $1`, [email]);
    const { body } = await logIn(service, email, 'strongpassword123');
    expect((await service.request('GET', '/auth/users/me/', { token: body.access })).body).toMatchObject({
      name: 'John van Doe',
    });
  });

  it('takes nothing that it does not name', async () => {
    const email = someone();
    await signUp(service, email, { is_active: true, is_staff: true, role: 'Admin', state: 'active', id: 1 });
    expect(await service.sql('SELECT state, role, email_verified_at FROM users WHERE email = $1', [email])).toEqual([
      { state: 'pending', role: 'Viewer', email_verified_at: null },
    ]);
  });

  it('reads forms of both kinds', async () => {
    for (const form of [new URLSearchParams(), new FormData()]) {
      for (const [name, value] of Object.entries(complete())) form.append(name, value as string);
      expect((await create(form)).status).toBe(201);
    }
  });

  it.skipIf(isEmbedded)('makes one of many at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const email = someone();
      const answers = await Promise.all(Array.from({ length: 16 }, () => signUp(service, email)));
      const [made, ...refused] = answers.toSorted((one, other) => one.status - other.status);
      expect(made?.status).toBe(201);
      for (const { status, body } of refused) {
        expect(status).toBe(400);
        expect([['Unable to create account.'], { email: [TAKEN] }]).toContainEqual(body);
      }
      expect(await service.sql('SELECT 1 FROM users WHERE email = $1', [email])).toHaveLength(1);
    }
  });
});

describe('the profile', () => {
  it('is listed alone', async () => {
    const person = await arrive(service, someone(), { name: 'Jane Doe' });
    const answer = await send(person, 'GET', '/auth/users/');
    expect([answer.status, answer.body]).toEqual([200, [person.user]]);
  });

  it.each(['me', 'by number'])('is read and written, %s', async (which) => {
    const person = await arrive(service, someone(), { name: 'Jane Doe' });
    const { user } = person;
    const path = which === 'me' ? '/auth/users/me/' : `/auth/users/${user.id}/`;
    expect((await send(person, 'GET', path)).body).toEqual(user);
    for (const [method, body, name] of [
      ['PATCH', {}, 'Jane Doe'],
      ['PUT', {}, 'Jane Doe'],
      ['PUT', { email: user.email, name: 'Jane M. Doe' }, 'Jane M. Doe'],
      ['PATCH', { name: 'Solo' }, 'Solo'],
      ['PATCH', { name: 12 }, '12'],
      ['PUT', { name: '' }, ''],
    ] as const) {
      const answer = await send(person, method, path, body);
      expect([answer.status, answer.body]).toEqual([200, { ...user, name }]);
      expect((await send(person, 'GET', path)).body).toEqual({ ...user, name });
    }
  });

  it('keeps address, number, password and role, whatever is sent', async () => {
    const person = await arrive(service);
    const body = { email: 'else@example.com', id: 1, password: 'other-password', role: 'Admin', is_staff: true };
    for (const method of ['PUT', 'PATCH']) {
      const answer = await send(person, method, '/auth/users/me/', body);
      expect([answer.status, answer.body]).toEqual([200, person.user]);
    }
    expect((await logIn(service, person.user.email)).status).toBe(200);
    expect(await service.sql('SELECT role FROM users WHERE id = $1', [person.user.id])).toEqual([{ role: 'Viewer' }]);
  });

  it.each<[object, string]>([
    [{ name: null }, NULL],
    [{ name: [] }, TEXT],
    [{ name: true }, TEXT],
    [{ name: 'n'.repeat(256) }, max(255)],
    [{ name: 'a\0' }, 'Null characters are not allowed.'],
  ])('refuses %j', async (body, message) => {
    const person = await arrive(service);
    for (const path of ['/auth/users/me/', `/auth/users/${person.user.id}/`]) {
      const answer = await send(person, 'PATCH', path, body);
      expect([answer.status, answer.body]).toEqual([400, { name: [message] }]);
    }
  });
});

describe('the account of somebody else', () => {
  it('is not found, and not deleted, before a body is looked at', async () => {
    const person = await arrive(service);
    const other = await arrive(service);
    const path = `/auth/users/${other.user.id}/`;
    for (const method of ['GET', 'PUT', 'PATCH']) {
      const answer = await send(person, method, path, method === 'GET' ? undefined : '{broken');
      expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
    }
    for (const body of [{}, { current_password: PASSWORD }, '{broken']) {
      const answer = await send(person, 'DELETE', path, body);
      expect([answer.status, answer.body]).toEqual([
        403,
        { detail: 'You do not have permission to perform this action.' },
      ]);
    }
    expect((await send(other, 'GET', '/auth/users/me/')).status).toBe(200);
  });

  it.each(['999999', '2147483648', '99999999999999999999999', '0'])('%s is nobody', async (id) => {
    const person = await arrive(service);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await send(person, method, `/auth/users/${id}/`);
      expect([answer.status, answer.body]).toEqual([404, { detail: 'No User matches the given query.' }]);
    }
  });

  it.each(['x', '-1', '1.5', '1e3', '0x1', '%00', 'set_username', 'Me', '%F0%9F%A6%89'])(
    '%s is no number',
    async (id) => {
      const person = await arrive(service);
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await send(person, method, `/auth/users/${id}/`);
        expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
      }
      expect((await send(person, 'POST', `/auth/users/${id}/`)).status).toBe(405);
      expect((await service.request('GET', `/auth/users/${id}/`)).status).toBe(401);
    },
  );
});

describe('closing the account', () => {
  it.each<[unknown, string]>([
    [undefined, REQUIRED],
    [{}, REQUIRED],
    [{ current_password: '' }, BLANK],
    [{ current_password: null }, NULL],
    [{ current_password: [PASSWORD] }, TEXT],
    [{ current_password: 'wrong' }, WRONG],
    [{ current_password: ` ${PASSWORD}` }, WRONG],
    [{ current_password: 'p'.repeat(5_000) }, WRONG],
  ])('wants the password: %j', async (body, message) => {
    const person = await arrive(service);
    for (const path of ['/auth/users/me/', `/auth/users/${person.user.id}/`]) {
      const answer = await send(person, 'DELETE', path, body);
      expect([answer.status, answer.body]).toEqual([400, { current_password: [message] }]);
    }
    expect((await send(person, 'GET', '/auth/users/me/')).status).toBe(200);
  });

  it('erases it, and nobody else', async () => {
    for (const which of ['me', 'id'] as const) {
      const person = await arrive(service);
      const other = await arrive(service);
      const path = which === 'me' ? '/auth/users/me/' : `/auth/users/${person.user.id}/`;
      const answer = await send(person, 'DELETE', path, { current_password: PASSWORD });
      expect([answer.status, answer.body]).toEqual([204, '']);
      expect(await service.sql('SELECT 1 FROM users WHERE id = $1', [person.user.id])).toEqual([]);
      expect((await send(person, 'GET', '/auth/users/me/')).body).toEqual({
        detail: 'User not found',
        code: 'user_not_found',
      });
      expect((await send(other, 'GET', '/auth/users/me/')).status).toBe(200);
      expect((await logIn(service, person.user.email)).status).toBe(401);
    }
  });
});

describe('changing the password', () => {
  const NEW = 'new-secure-password';
  const change = (person: Person, body: unknown): Promise<Answered> =>
    send(person, 'POST', '/auth/users/set_password/', body);

  it.each<[string, object, object]>([
    ['nothing', {}, { new_password: [REQUIRED], current_password: [REQUIRED] }],
    [
      'nulls',
      { new_password: null, re_new_password: null, current_password: null },
      { new_password: [NULL], re_new_password: [NULL], current_password: [NULL] },
    ],
    [
      'blanks',
      { new_password: '', re_new_password: '', current_password: '' },
      { new_password: [BLANK], re_new_password: [BLANK], current_password: [BLANK] },
    ],
    ['a wrong present one', { new_password: NEW, current_password: 'wrong' }, { current_password: [WRONG] }],
    [
      'a wrong present one, before the weakness and the mismatch',
      { new_password: 'short', re_new_password: 'other', current_password: 'wrong' },
      { current_password: [WRONG] },
    ],
    [
      'a wrong present one, with what else is wrong with the fields',
      { current_password: 'wrong' },
      { new_password: [REQUIRED], current_password: [WRONG] },
    ],
    [
      'a weak one, before the mismatch',
      { new_password: 'password1', re_new_password: 'other', current_password: PASSWORD },
      { new_password: [COMMON] },
    ],
    ['a short one', { new_password: 'short', current_password: PASSWORD }, { new_password: [SHORT] }],
    [
      'a mismatch',
      { new_password: NEW, re_new_password: `${NEW}!`, current_password: PASSWORD },
      { non_field_errors: [DIFFER] },
    ],
  ])('refuses %s', async (_, body, expected) => {
    const person = await arrive(service);
    const answer = await change(person, body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
    expect((await logIn(service, person.user.email)).status).toBe(200);
  });

  it("refuses the account's own address", async () => {
    const person = await arrive(service);
    const answer = await change(person, { new_password: person.user.email, current_password: PASSWORD });
    expect(answer.body).toEqual({ new_password: ['The password is too similar to the email.'] });
  });

  it("keeps the caller's session, ends the others, and tells the owner", async () => {
    const person = await arrive(service);
    const { body: other } = await logIn(service, person.user.email);
    const answer = await change(person, { new_password: NEW, current_password: PASSWORD });
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect((await send(person, 'GET', '/auth/users/me/')).status).toBe(200);
    expect((await service.request('GET', '/auth/users/me/', { token: other.access })).status).toBe(401);
    expect((await logIn(service, person.user.email)).status).toBe(401);
    expect((await logIn(service, person.user.email, NEW)).status).toBe(200);
    expect((await service.smtp.next(person.user.email, 2)).subject).toBe('Your password was changed');
  });

  it('takes the same password again', async () => {
    const person = await arrive(service);
    expect((await change(person, { new_password: PASSWORD, current_password: PASSWORD })).status).toBe(204);
  });

  it.skipIf(isEmbedded)('at once from many places: one wins, and its password is the password', async () => {
    const person = await arrive(service);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        change(person, { new_password: `${NEW}-${index}`, current_password: PASSWORD }),
      ),
    );
    const winners = answers.flatMap(({ status }, index) => (status === 204 ? [index] : []));
    expect(winners).toHaveLength(1);
    for (const { status, body } of answers.filter((it) => it.status !== 204)) {
      expect([status, body]).toEqual([400, { current_password: [WRONG] }]);
    }
    expect((await logIn(service, person.user.email, `${NEW}-${winners[0]}`)).status).toBe(200);
  });
});

describe('changing the address', () => {
  const change = (person: Person, body: unknown): Promise<Answered> =>
    send(person, 'POST', '/auth/users/set_email/', body);

  it.each<[string, object, object]>([
    ['nothing', {}, { new_email: [REQUIRED], current_password: [REQUIRED] }],
    [
      'other types',
      { new_email: ['a@example.com'], re_new_email: {}, current_password: 1.5 },
      { new_email: [MAIL], re_new_email: [TEXT], current_password: [WRONG] },
    ],
    ['no address', { new_email: 'x@nodot', current_password: PASSWORD }, { new_email: [MAIL] }],
    ['a wrong password', { new_email: 'free@example.com', current_password: 'x' }, { current_password: [WRONG] }],
    [
      'all of it at once',
      { new_email: 'owner@example.com', re_new_email: 'b', current_password: 'x' },
      { new_email: [TAKEN], current_password: [WRONG] },
    ],
    [
      'a taken one, in another spelling',
      { new_email: 'OWNER@example.com', current_password: PASSWORD },
      { new_email: [TAKEN] },
    ],
    [
      'a mismatch',
      { new_email: 'free@example.com', re_new_email: 'other@example.com', current_password: PASSWORD },
      { non_field_errors: ["The two email fields didn't match."] },
    ],
  ])('refuses %s', async (_, body, expected) => {
    await signUpForLink(service, 'owner@example.com').catch(() => undefined);
    const person = await arrive(service);
    const answer = await change(person, body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
    expect((await logIn(service, person.user.email)).status).toBe(200);
  });

  it("refuses one's own", async () => {
    const person = await arrive(service);
    const answer = await change(person, { new_email: person.user.email.toUpperCase(), current_password: PASSWORD });
    expect([answer.status, answer.body]).toEqual([400, { new_email: [TAKEN] }]);
  });

  it('takes effect at once, unverified, and tells the old address', async () => {
    const person = await arrive(service);
    const next = `Next.${someone()}`;
    const answer = await change(person, { new_email: next, re_new_email: next, current_password: PASSWORD });
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect((await send(person, 'GET', '/auth/users/me/')).body).toEqual({ ...person.user, email: next });
    expect(await service.sql('SELECT state, email_verified_at FROM users WHERE id = $1', [person.user.id])).toEqual([
      { state: 'active', email_verified_at: null },
    ]);
    expect((await logIn(service, next)).status).toBe(200);
    expect((await logIn(service, person.user.email)).status).toBe(401);
    expect((await service.smtp.next(person.user.email, 2)).subject).toBe('Your e-mail address was changed');
  });
});
