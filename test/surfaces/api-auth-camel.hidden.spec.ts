import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askForCode, getToken, sessionToken, signUp } from '../support/camel-people.js';
import { join, PASSWORD, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';
import { codeIn, tokenIn } from '../support/smtp.js';

/** Account discovery hidden: whatever a stranger asks, a free address and a taken one are answered alike. */
let service: Service;
let taken: string;
beforeAll(async () => {
  service = await startService({ ACCOUNT_DISCOVERY: 'hidden' });
  taken = (await join(service)).user.email;
});
afterAll(() => service.close());

const NEW = 'newpassword123';

/** Status, headers that could differ, and the body with the address taken out. */
function told({ status, body, headers }: Answered, address: string): unknown {
  const names = [...headers.keys()].filter((name) => !['date', 'content-length', 'x-request-id'].includes(name));
  return [status, names, JSON.stringify(body).replaceAll(address, 'ADDRESS')];
}

async function expectAlike(ask: (address: string) => Promise<Answered>): Promise<Answered> {
  const free = someone();
  const [ofFree, ofTaken] = [await ask(free), await ask(taken)];
  expect(told(ofTaken, taken)).toEqual(told(ofFree, free));
  return ofFree;
}

describe('a free address and a taken one are answered alike', () => {
  it('by sign-up, whatever is wrong besides', async () => {
    expect((await expectAlike((email) => signUp(service, email))).status).toBe(201);
    expect((await expectAlike((email) => signUp(service, email, { password2: 'x' }))).body).toEqual({
      nonFieldErrors: ["Passwords don't match!"],
    });
    const short = { password: '1', password2: '1' };
    expect((await expectAlike((email) => signUp(service, email, short))).status).toBe(400);
    expect((await expectAlike((email) => signUp(service, email, { phoneNumber: '' }))).body).toEqual({
      phoneNumber: ['This field may not be blank.'],
    });
  });

  it('by a login after a sign-up', async () => {
    const answer = await expectAlike(async (email) => {
      await signUp(service, email, { password: NEW, password2: NEW });
      return getToken(service, email, NEW);
    });
    expect([answer.status, answer.body]).toEqual([
      401,
      { detail: 'No active account found with the given credentials' },
    ]);
  });

  it('by every step of a reset', async () => {
    expect((await expectAlike((email) => askForCode(service, email))).status).toBe(200);
    // Were the stored spelling shown, it would tell.
    const shouted = taken.toUpperCase().replace('EXAMPLE.COM', 'example.com');
    expect((await askForCode(service, shouted)).body).toEqual({
      success: `Successfully sent a reset code to ${shouted}.`,
    });
    const exchange = await expectAlike((email) =>
      service.request('POST', '/api/auth/reset-password/', { body: { email, code: 'abcdef' } }),
    );
    expect([exchange.status, exchange.body]).toEqual([400, { code: ['Code has expired or it is incorrect.'] }]);
    for (const [more, expected] of [
      [{}, { sessionToken: ['Session token has expired or it is incorrect.'] }],
      [{ sessionToken: 'x' }, { sessionToken: ['Session token has expired or it is incorrect.'] }],
      [{ newPassword2: 'x' }, { nonFieldErrors: ["New passwords don't match!"] }],
    ]) {
      const body = { sessionToken: 'T'.repeat(32), newPassword: NEW, newPassword2: NEW, ...more };
      const answer = await expectAlike((email) =>
        service.request('PATCH', '/api/auth/reset-password/', { body: { ...body, email } }),
      );
      expect([answer.status, answer.body]).toEqual([400, expected]);
    }
  });

  it('by a change of address, to whoever is signed in', async () => {
    const { access } = await join(service);
    const answer = await expectAlike((email) =>
      service.request('PATCH', '/api/auth/change-email/', { token: access, body: { email } }),
    );
    expect(answer.status).toBe(200);
  });
});

it('whoever signs up proves the address by the mailed link, and is in', async () => {
  const email = someone();
  await signUp(service, email);
  const mail = await service.smtp.next(email);
  expect(mail.subject).toBe('Verify your email');
  expect(mail.text).toContain('https://auth.test/account/verify-email?token=');
  expect((await getToken(service, email)).status).toBe(401);
  const form = new URLSearchParams({ token: tokenIn(mail) });
  expect((await service.request('POST', '/account/verify-email', { body: form })).status).toBe(200);
  expect((await getToken(service, email)).status).toBe(200);
});

it('a reset works as ever', async () => {
  const { user } = await join(service);
  const token = await sessionToken(service, user.email);
  const body = { email: user.email, sessionToken: token, newPassword: NEW, newPassword2: NEW };
  expect((await service.request('PATCH', '/api/auth/reset-password/', { body })).status).toBe(200);
  expect((await getToken(service, user.email, NEW)).status).toBe(200);
  expect((await getToken(service, user.email, PASSWORD)).status).toBe(401);
  const code = codeIn(await service.smtp.next(user.email, 2));
  expect(code).toMatch(/^\d{6}$/);
});

it('a new address is nobody’s before it is proven', async () => {
  const { access, user } = await join(service);
  const moved = someone();
  const patch = (address: string): Promise<Answered> =>
    service.request('PATCH', '/api/auth/change-email/', { token: access, body: { email: address } });
  expect((await patch(moved)).body).toEqual({ email: moved });
  expect((await patch(taken)).body).toEqual({ email: taken });
  const settings = await service.request<{ email: string }>('GET', '/api/users/settings/', { token: access });
  expect(settings.body.email).toBe(user.email);
  expect((await service.smtp.next(moved)).subject).toBe('Confirm your new e-mail address');
});

it('more callers than there are connections choose another address at once, and none waits for another', async () => {
  const people = await Promise.all(Array.from({ length: 24 }, () => join(service)));
  const answers = await Promise.all(
    people.map(({ access }) =>
      service.request('PATCH', '/api/auth/change-email/', { token: access, body: { email: someone() } }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(people.map(() => 200));
});
