import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enter, getToken, mailedCode, type CamelPerson } from '../support/camel-people.js';
import { join, PASSWORD, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const NEW = 'newpassword123';
const REQUIRED_NULL = 'This field may not be null.';
const BLANK = 'This field may not be blank.';
const MAIL = 'Enter a valid email address.';
const TEXT = 'Not a valid string.';
const max = (length: number): string => `Ensure this field has no more than ${length} characters.`;

const changeEmail = ({ access }: CamelPerson, body: unknown): Promise<Answered> =>
  service.request('PATCH', '/api/auth/change-email/', { token: access, body });
const changePassword = ({ access }: CamelPerson, body: unknown): Promise<Answered> =>
  service.request('PATCH', '/api/auth/change-password/', { token: access, body });
const settings = ({ access }: CamelPerson): Promise<Answered<Record<string, string>>> =>
  service.request('GET', '/api/users/settings/', { token: access });

describe('changing the address', () => {
  it.each<[unknown, object]>([
    [{}, { detail: [REQUIRED_NULL] }],
    [{ email: null }, { detail: [REQUIRED_NULL] }],
    [{ email: ' ' }, { detail: [BLANK] }],
    [{ email: 'no' }, { detail: [MAIL] }],
    [{ email: true }, { detail: [MAIL] }],
    [{ email: ['a@example.com'] }, { detail: [MAIL] }],
    [{ email: `${'a'.repeat(250)}@example.com` }, { detail: [max(254)] }],
    [{ email: 'a\0@example.com' }, { detail: ['Null characters are not allowed.', MAIL] }],
    [[1], { nonFieldErrors: ['Invalid data. Expected a dictionary, but got list.'] }],
  ])('%j is refused', async (body, expected) => {
    const answer = await changeEmail(await enter(service), body);
    expect([answer.status, answer.body]).toEqual([400, expected]);
  });

  it('takes effect at once, leaves the new address unverified, and tells the old one', async () => {
    const person = await enter(service);
    const code = await mailedCode(service, person.email);
    const moved = `Moved.${person.email}`;
    const sent = moved.replace('example.com', 'EXAMPLE.com');
    const answer = await changeEmail(person, { email: ` ${sent} ` });
    expect([answer.status, answer.body]).toEqual([200, { email: sent }]);
    expect((await settings(person)).body.email).toBe(moved);
    expect(await service.sql('SELECT state, email_verified_at, role FROM users WHERE email = $1', [moved])).toEqual([
      { state: 'active', email_verified_at: null, role: 'Viewer' },
    ]);
    expect((await getToken(service, moved)).status).toBe(200);
    expect((await getToken(service, person.email)).status).toBe(401);
    const notice = await service.smtp.next(person.email, 2);
    expect(notice.subject).toBe('Your e-mail address was changed');
    expect(notice.text + notice.html).not.toContain('Moved');
    const exchange = { body: { email: moved, code } };
    expect((await service.request('POST', '/api/auth/reset-password/', exchange)).status).toBe(400);
  });

  it('refuses an address that is taken on whatever surface, and accepts the own one', async () => {
    const person = await enter(service);
    const { user } = await join(service);
    for (const email of [user.email, user.email.toUpperCase()]) {
      const answer = await changeEmail(person, { email });
      expect([answer.status, answer.body]).toEqual([400, { detail: ['user with this email already exists.'] }]);
    }
    const own = person.email.toUpperCase();
    expect((await changeEmail(person, { email: own })).body).toEqual({ email: own });
    expect((await settings(person)).body.email).toBe(own.replace('EXAMPLE.COM', 'example.com'));
  });

  it.skipIf(isEmbedded)('to one address by many at once: one gets it', async () => {
    const people = await Promise.all(Array.from({ length: 16 }, () => enter(service)));
    const email = someone();
    const answers = await Promise.all(people.map((person) => changeEmail(person, { email })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(15).fill(400)]);
  });
});

describe('changing the password', () => {
  const good = { password: PASSWORD, newPassword: NEW, newPassword2: NEW };

  it('wants every field, as a text of a password’s length, and says so in one sentence', async () => {
    const person = await enter(service);
    const bad = [undefined, '', null, true, [NEW], { a: 1 }, 'x'.repeat(129), 'a\0bcdefgh', '\ud800abcdefgh'];
    for (const field of ['password', 'newPassword', 'newPassword2']) {
      for (const value of bad) {
        const answer = await changePassword(person, { ...good, [field]: value });
        expect([field, value, answer.status, answer.body]).toEqual([
          field,
          value,
          400,
          { detail: 'No blank fields allowed!' },
        ]);
      }
    }
    expect((await changePassword(person, {})).body).toEqual({ detail: 'No blank fields allowed!' });
    expect((await changePassword(person, [])).body).toEqual({
      nonFieldErrors: ['Invalid data. Expected a dictionary, but got list.'],
    });
    expect((await getToken(service, person.email)).status).toBe(200);
  });

  it('looks at the old password first, then at the repetition, then at the new one', async () => {
    const person = await enter(service);
    const refusals: [object, string][] = [
      [{ password: 'wrong', newPassword: '1', newPassword2: '2' }, 'Old password is incorrect!'],
      [{ password: 'wrong' }, 'Old password is incorrect!'],
      [{ password: ` ${PASSWORD}` }, 'Old password is incorrect!'],
      [{ newPassword: '1', newPassword2: '2' }, "New passwords don't match!"],
      [{ newPassword2: `${NEW} ` }, "New passwords don't match!"],
      [{ newPassword: '1', newPassword2: '1' }, 'This password is too short. It must contain at least 8 characters.'],
      [{ newPassword: 'password1', newPassword2: 'password1' }, 'This password is too common.'],
      [{ newPassword: person.email, newPassword2: person.email }, 'The password is too similar to the email.'],
    ];
    for (const [more, message] of refusals) {
      const answer = await changePassword(person, { ...good, ...more });
      expect([more, answer.status, answer.body]).toEqual([more, 400, { detail: [message] }]);
    }
    expect((await getToken(service, person.email)).status).toBe(200);
  });

  it.each<[string, object]>([
    ['camelCase', good],
    ['snake_case', { password: PASSWORD, new_password: NEW, new_password_2: NEW }],
    ['snake_case without the last stroke', { password: PASSWORD, new_password: NEW, new_password2: NEW }],
    ['later clients', { password: PASSWORD, newPassword: NEW, confirmationPassword: NEW }],
    ['later clients in snake_case', { password: PASSWORD, new_password: NEW, confirmation_password: NEW }],
  ])('takes the names of %s', async (_, body) => {
    const person = await enter(service);
    const answer = await changePassword(person, body);
    expect([answer.status, answer.body]).toEqual([200, { message: 'Successfully changed password.' }]);
    expect((await getToken(service, person.email, NEW)).status).toBe(200);
    expect((await getToken(service, person.email)).status).toBe(401);
  });

  it("keeps the caller's session, ends the others, and tells the owner", async () => {
    const person = await enter(service);
    const { body: other } = await getToken(service, person.email);
    await changePassword(person, good);
    expect((await settings(person)).status).toBe(200);
    expect((await settings({ ...person, ...other })).status).toBe(401);
    expect((await service.smtp.next(person.email)).subject).toBe('Your password was changed');
  });

  it.skipIf(isEmbedded)('at once from many places: one wins', async () => {
    const person = await enter(service);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        changePassword(person, { ...good, newPassword: `${NEW}${index}`, newPassword2: `${NEW}${index}` }),
      ),
    );
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const { status, body } of answers) {
      if (status !== 200) expect([status, body]).toEqual([400, { detail: ['Old password is incorrect!'] }]);
    }
  });
});

describe('the settings', () => {
  const update = (method: string, { access }: CamelPerson, body?: unknown): Promise<Answered> =>
    service.request(method, '/api/users/settings/', { token: access, ...(body === undefined ? {} : { body }) });

  it('are blank until they are told; those of other surfaces are shown too', async () => {
    const person = await enter(service);
    expect((await settings(person)).body).toEqual({
      email: person.email,
      firstName: '',
      lastName: '',
      phoneNumber: '+000000000',
    });
    const { access, refresh, user } = await join(service, someone(), {
      first_name: 'John',
      last_name: 'Doe',
      phone_number: '123',
    });
    expect((await settings({ email: user.email, access, refresh })).body).toEqual({
      email: user.email,
      firstName: 'John',
      lastName: 'Doe',
      phoneNumber: '123',
    });
  });

  it.each(['PUT', 'PATCH'])('%s changes what is sent and nothing else', async (method) => {
    const person = await enter(service);
    const blank = { email: person.email, firstName: '', lastName: '', phoneNumber: '+000000000' };
    for (const [body, expected] of [
      [undefined, blank],
      [{}, blank],
      [{ firstName: ' Ann ' }, { ...blank, firstName: 'Ann' }],
      [
        { last_name: 'Lee', phone_number: '42' },
        { ...blank, firstName: 'Ann', lastName: 'Lee', phoneNumber: '42' },
      ],
      [
        { firstName: '', email: 'other@example.com', role: 'Admin', id: 7, is_superuser: true },
        { ...blank, lastName: 'Lee', phoneNumber: '42' },
      ],
      [{ phoneNumber: 43 }, { ...blank, lastName: 'Lee', phoneNumber: '43' }],
      [{ lastName: '', phoneNumber: '+000000000' }, blank],
    ] as const) {
      const answer = await update(method, person, body);
      expect([body, answer.status, answer.body]).toEqual([body, 200, expected]);
      expect((await settings(person)).body).toEqual(expected);
    }
    expect(await service.sql('SELECT role, phone_number FROM users WHERE email = $1', [person.email])).toEqual([
      { role: 'Viewer', phone_number: null },
    ]);
  });

  it.each(['PUT', 'PATCH'])('%s refuses what is no setting, and changes nothing', async (method) => {
    const person = await enter(service);
    for (const [body, expected] of [
      [{ phoneNumber: '' }, { phoneNumber: [BLANK] }],
      [{ phone_number: ' ' }, { phoneNumber: [BLANK] }],
      [
        { firstName: null, lastName: null, phoneNumber: null },
        { firstName: [REQUIRED_NULL], lastName: [REQUIRED_NULL], phoneNumber: [REQUIRED_NULL] },
      ],
      [
        { firstName: true, lastName: [], phoneNumber: {} },
        { firstName: [TEXT], lastName: [TEXT], phoneNumber: [TEXT] },
      ],
      [
        { firstName: 'x'.repeat(151), lastName: 'x'.repeat(151), phoneNumber: '1'.repeat(17) },
        { firstName: [max(150)], lastName: [max(150)], phoneNumber: [max(16)] },
      ],
      [{ firstName: 'Ann', lastName: 'a\0' }, { lastName: ['Null characters are not allowed.'] }],
      [{ firstName: '\ud800' }, { firstName: ['Surrogate characters are not allowed: U+D800.'] }],
      [[], { nonFieldErrors: ['Invalid data. Expected a dictionary, but got list.'] }],
    ] as const) {
      const answer = await update(method, person, body);
      expect([body, answer.status, answer.body]).toEqual([body, 400, expected]);
    }
    expect((await settings(person)).body).toMatchObject({ firstName: '', lastName: '' });
  });
});
