import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, PASSWORD, register, someone } from '../support/people.js';
import { startService, type RequestOptions, type Service } from '../support/service.js';

let service: Service;
const known: Record<'active' | 'pending' | 'disabled', string> = { active: '', pending: '', disabled: '' };

beforeAll(async () => {
  service = await startService({ ACCOUNT_DISCOVERY: 'hidden' });
  known.active = (await join(service)).user.email;
  known.pending = someone();
  await register(service, known.pending);
  known.disabled = (await join(service)).user.email;
  await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [known.disabled]);
});
afterAll(() => service.close());

type Request = readonly [method: string, path: string, options?: RequestOptions];

let count = 0;
function username(): string {
  count += 1;
  return `visitor${count}`;
}

const wrong = 'not-the-password-1';
const link = 'f'.repeat(32);

/** Everything that takes an address from a stranger, on every surface. */
const stories: Record<string, (email: string) => Request> = {
  '000 sign-up': (email) => [
    'POST',
    '/api/auth/register/',
    { body: { email, password: PASSWORD, confirm_password: PASSWORD } },
  ],
  '000 login': (email) => ['POST', '/api/auth/login/', { body: { email, password: wrong } }],
  '000 reset': (email) => ['POST', '/api/auth/password-reset/', { body: { email } }],
  '001 sign-up': (email) => [
    'POST',
    '/accounts/api/registration/',
    { body: { username: username(), email, password: PASSWORD, confirm_password: PASSWORD } },
  ],
  '001 resend': (email) => ['POST', '/accounts/api/get/acctivation/token/', { body: { email } }],
  '001 login': (email) => ['POST', '/accounts/api/login/', { body: { email, password: wrong } }],
  '001 reset': (email) => ['POST', '/accounts/api/forget/password/', { body: { email } }],
  '002 login': (email) => [
    'POST',
    '/api/v1/auth/login',
    { body: new URLSearchParams({ username: email, password: wrong }) },
  ],
  '002 token': (email) => [
    'POST',
    '/api/v1/auth/token',
    { body: new URLSearchParams({ username: email, password: wrong }) },
  ],
  '002 reset': (email) => ['POST', `/api/v1/auth/password-recovery/${encodeURIComponent(email)}`],
  '003 sign-up': (email) => ['POST', '/auth/users/', { body: { email, password: PASSWORD, re_password: PASSWORD } }],
  '003 resend': (email) => ['POST', '/auth/users/resend_activation/', { body: { email } }],
  '003 login': (email) => ['POST', '/auth/jwt/create/', { body: { email, password: wrong } }],
  '003 reset': (email) => ['POST', '/auth/users/reset_password/', { body: { email } }],
  '003 reset of the address': (email) => ['POST', '/auth/users/reset_email/', { body: { email } }],
  '004 sign-up': (email) => [
    'POST',
    '/api/auth/signup/',
    { body: { email, password: PASSWORD, password2: PASSWORD, phoneNumber: '+441632960961' } },
  ],
  '004 login': (email) => ['POST', '/api/auth/get-token/', { body: { email, password: wrong } }],
  '004 code': (email) => ['GET', `/api/auth/reset-password/?email=${encodeURIComponent(email)}`],
  '004 exchange of the code': (email) => ['POST', '/api/auth/reset-password/', { body: { email, code: '000000' } }],
  '004 reset': (email) => [
    'PATCH',
    '/api/auth/reset-password/',
    { body: { email, sessionToken: link, newPassword: wrong, newPassword2: wrong } },
  ],
};

/** An answer without what belongs to this one request. */
async function ask(story: (email: string) => Request, email: string): Promise<unknown> {
  const [method, path, options] = story(email);
  const { status, body, headers } = await service.request(method, path, options);
  const text = JSON.stringify(body)
    .replaceAll(email, '<email>')
    .replace(/visitor\d+/g, '<username>')
    .replace(/ey[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>')
    .replace(/"id":\d+/g, '"id":0');
  return { status, text, headers: [...headers.keys()] };
}

describe('where discovery is hidden, nobody learns from an answer whether an address has an account', () => {
  it.each(Object.entries(stories))('%s', async (_name, story) => {
    const unknown = await ask(story, someone());
    for (const email of Object.values(known)) {
      expect(await ask(story, email)).toEqual(unknown);
      // The spelling that its owner chose is theirs, too.
      expect(await ask(story, email.replace('someone', 'SomeOne'))).toEqual(unknown);
    }
    expect(unknown).not.toMatchObject({ status: 404 });
  });

  it.each(['000', '001', '003', '004'])(
    '%s: whoever has just signed up cannot log in before the proof',
    async (surface) => {
      const signUp = stories[`${surface} sign-up`]!;
      const login = stories[`${surface} login`]!;
      const answers: unknown[] = [];
      for (const email of [someone(), known.active]) {
        await ask(signUp, email);
        const [method, path, options] = login(email);
        const password = surface === '000' && email === known.active ? wrong : PASSWORD;
        if (email !== known.active)
          answers.push(await ask(() => [method, path, { ...options, body: { email, password } }], email));
        else answers.push(await ask(login, email));
      }
      expect(answers[0]).toEqual(answers[1]);
    },
  );
});
