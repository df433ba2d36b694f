import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrive, logIn, PASSWORD, signUp, signUpForLink, type Person, type UserBody } from '../support/djoser.js';
import { someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
let person: Person;
beforeAll(async () => {
  service = await startService({ ACCOUNT_DISCOVERY: 'hidden' });
  person = await arrive(service);
});
afterAll(() => service.close());

/** What no two answers have in common is left out. */
const shape = ({ status, body, headers }: Answered): unknown => {
  const rest = [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name));
  return { status, body, headers: rest };
};

it('a sign-up is answered alike for a free address and a taken one, numbers included', async () => {
  const free = someone();
  const pending = someone();
  await signUp(service, pending);
  const ids: number[] = [];
  const shapes: unknown[] = [];
  for (const email of [free, person.user.email, pending, someone(), free]) {
    const answer = await signUp(service, email);
    ids.push(answer.body.id);
    expect(answer.body.email).toBe(email);
    shapes.push(shape({ ...answer, body: { ...answer.body, id: 0, email: '' } satisfies UserBody }));
  }
  expect(new Set(shapes.map((it) => JSON.stringify(it))).size).toBe(1);
  expect(ids).toEqual(ids.map((_, index) => ids[0]! + index));
  expect((await service.smtp.next(person.user.email, 2)).subject).toBe('You already have an account');
  expect(await service.sql('SELECT 1 FROM users WHERE id = $1', [ids[1]])).toEqual([]);

  // Nor does anything that takes a number tell which of them has an account.
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    const answers = await Promise.all(
      [ids[0]!, ids[1]!, 999_999].map((id) =>
        service.request(method, `/auth/users/${id}/`, {
          token: person.access,
          ...(method === 'GET' ? {} : { body: {} }),
        }),
      ),
    );
    const [one, ...others] = answers.map(shape);
    expect(others).toEqual([one, one]);
  }
  for (const [action, more] of [
    ['activation', {}],
    ['reset_password_confirm', { new_password: PASSWORD }],
    ['reset_email_confirm', { new_email: someone() }],
  ] as const) {
    for (const id of [ids[0]!, ids[1]!, 999_999]) {
      const body = { uid: Buffer.from(String(id)).toString('base64url'), token: 'x', ...more };
      const answer = await service.request('POST', `/auth/users/${action}/`, { body });
      expect([answer.status, answer.body]).toEqual([400, { token: ['Invalid token for given user.'] }]);
    }
  }
});

it('the account that was made is the one of its number', async () => {
  const email = someone();
  const { body } = await signUp(service, email);
  expect(await service.sql('SELECT id FROM users WHERE email = $1', [email])).toEqual([{ id: body.id }]);
});

it('another address is confirmed by a link before it is one, and a taken one is not told from a free one', async () => {
  const { access, user } = await arrive(service);
  const free = someone();
  const shapes: unknown[] = [];
  for (const new_email of [free, person.user.email]) {
    const answer = await service.request('POST', '/auth/users/set_email/', {
      token: access,
      body: { new_email, current_password: PASSWORD },
    });
    expect(answer.status).toBe(204);
    shapes.push(shape(answer));
  }
  expect(shapes[0]).toEqual(shapes[1]);
  expect((await service.request('GET', '/auth/users/me/', { token: access })).body).toEqual(user);
  const mail = await service.smtp.next(free);
  expect(mail.subject).toBe('Confirm your new e-mail address');
  expect((await logIn(service, free)).status).toBe(401);
});

it('a login before the activation is refused like a wrong password', async () => {
  const email = someone();
  await signUpForLink(service, email);
  expect(shape(await logIn(service, email))).toEqual(shape(await logIn(service, email, 'wrong')));
});
