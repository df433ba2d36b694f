import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { logInByForm } from '../support/forms.js';
import { join, register, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const NEW = 'newpassword123';
const SENT = { message: 'Password recovery email sent.' };
const BAD_LINK = { detail: 'Invalid token' };

const recover = (email: string): Promise<Answered> =>
  service.request('POST', `/api/v1/auth/password-recovery/${encodeURIComponent(email)}`);
const reset = (body: unknown, headers?: Record<string, string>): Promise<Answered> =>
  service.request('POST', '/api/v1/auth/reset-password', { body, ...(headers === undefined ? {} : { headers }) });

async function linkFor(email: string): Promise<string> {
  const before = service.smtp.to(email).length;
  await recover(email);
  return tokenIn(await service.smtp.next(email, before + 1));
}

describe('password recovery', () => {
  it.each(['nobody@example.com', 'no address', '@', 'a/b?c#d', 'x'.repeat(400), '\ud83d\ude00@example.com'])(
    'says the same of %j',
    async (email) => {
      const answer = await recover(email);
      expect(answer.body).toEqual(SENT);
      expect(answer.status).toBe(200);
    },
  );

  it('reads no body', async () => {
    const answer = await service.request('POST', '/api/v1/auth/password-recovery/nobody@example.com', { body: '{' });
    expect(answer.body).toEqual(SENT);
  });

  it('writes the address as it is, whatever it is made of', async () => {
    const { user } = await join(service, "some$&one$'s@example.com");
    await recover(user.email);
    const mail = await service.smtp.next(user.email, 2);
    expect(mail.subject).toBe(`Ostiary - Password recovery for user ${user.email}`);
  });

  it.each(['a\0@example.com', 'x'.repeat(5_000), '%', ' '])('answers %j like every other', async (email) => {
    const answer = await recover(email);
    expect([answer.status, answer.body]).toEqual([200, { message: 'Password recovery email sent.' }]);
  });

  it('mails whoever has an account, in any spelling of the address', async () => {
    const { user } = await join(service);
    expect((await recover(user.email.toUpperCase())).body).toEqual(SENT);
    expect((await service.smtp.next(user.email, 2)).subject).toMatch(
      /^Ostiary - Password recovery for user \S+@example\.com$/,
    );
  });
});

describe('reset password', () => {
  it('sets the password and ends every session', async () => {
    const { user, access } = await join(service);
    const login = (await logInByForm(service, user.email)).body;
    const answer = await reset({ token: await linkFor(user.email), new_password: NEW });
    expect(answer.body).toEqual({ message: 'Password updated successfully' });
    expect(answer.status).toBe(200);
    for (const token of [access, login.access_token.token]) {
      expect((await service.request('GET', '/api/v1/auth/me', { token })).status).toBe(401);
    }
    expect((await logInByForm(service, user.email)).status).toBe(401);
    expect((await logInByForm(service, user.email, NEW)).status).toBe(200);
  });

  it('takes the password exactly as it is sent', async () => {
    const { user } = await join(service);
    const password = '  new password 123  ';
    await reset({ token: await linkFor(user.email), new_password: password });
    expect((await logInByForm(service, user.email, password.trim())).status).toBe(401);
    expect((await logInByForm(service, user.email, password)).status).toBe(200);
  });

  it('proves the address of a pending account', async () => {
    const email = someone();
    await register(service, email);
    await service.smtp.next(email);
    expect((await reset({ token: await linkFor(email), new_password: NEW })).status).toBe(200);
    expect((await logInByForm(service, email, NEW)).status).toBe(200);
  });

  it('refuses links that are none, used, replaced or expired', async () => {
    const { user } = await join(service);
    const first = await linkFor(user.email);
    const second = await linkFor(user.email);
    for (const token of ['', 'garbage', 'x'.repeat(10_000), first]) {
      const answer = await reset({ token, new_password: NEW });
      expect(answer.body).toEqual(BAD_LINK);
      expect(answer.status).toBe(400);
    }
    expect((await reset({ token: second, new_password: NEW })).status).toBe(200);
    expect((await reset({ token: second, new_password: NEW })).body).toEqual(BAD_LINK);
    await service.smtp.next(user.email, 4);
    const third = await linkFor(user.email);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_401_000 });
    expect((await reset({ token: third, new_password: NEW })).body).toEqual(BAD_LINK);
  });

  it('lets one of sixteen in', async () => {
    const { user } = await join(service);
    const token = await linkFor(user.email);
    const answers = await Promise.all(Array.from({ length: 16 }, () => reset({ token, new_password: NEW })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => (body as { detail?: string }).detail === 'Invalid token')).toHaveLength(15);
  });

  it('says what is wrong with a password, and leaves the link good', async () => {
    const { user } = await join(service, someone(), { username: 'SomebodyKnown' });
    const token = await linkFor(user.email);
    const weak = (words: string): object => ({
      type: 'value_error',
      loc: ['body', 'new_password'],
      msg: `Value error, ${words}`,
      input: null,
    });
    const tooShort = weak('This password is too short. It must contain at least 8 characters.');
    const cases: [string, object[]][] = [
      ['1', [tooShort]],
      ['', [tooShort]],
      ['password123', [weak('This password is too common.')]],
      [user.email, [weak('The password is too similar to the email.')]],
      ['somebodyknown', [weak('The password is too similar to the username.')]],
      [
        'x'.repeat(129),
        [
          {
            type: 'string_too_long',
            loc: ['body', 'new_password'],
            msg: 'String should have at most 128 characters',
            input: null,
            ctx: { max_length: 128 },
          },
        ],
      ],
    ];
    for (const [password, detail] of cases) {
      const answer = await reset({ token, new_password: password });
      expect([password, answer.status, answer.body]).toEqual([password, 422, { detail }]);
    }
    // Code points count, not bytes.
    expect((await reset({ token, new_password: '\ud83d\udd11'.repeat(128) })).status).toBe(200);
  });
});

describe('a body that is not right', () => {
  const SECRET = 'my very own password';
  const missing = (loc: string[], input: unknown): object => ({ type: 'missing', loc, msg: 'Field required', input });
  const notAnObject = {
    type: 'model_attributes_type',
    loc: ['body'],
    msg: 'Input should be a valid dictionary or object to extract fields from',
    input: null,
  };
  const notJson = (position: number, error: string): object => ({
    type: 'json_invalid',
    loc: ['body', position],
    msg: 'JSON decode error',
    input: {},
    ctx: { error },
  });

  it.each<[unknown, object[]]>([
    ['', [missing(['body'], null)]],
    ['null', [missing(['body'], null)]],
    [{}, [missing(['body', 'token'], {}), missing(['body', 'new_password'], {})]],
    [{ new_password: SECRET }, [missing(['body', 'token'], { new_password: null })]],
    [
      { z: 1, password: SECRET, deep: [{ passphrase: SECRET }], token: 'x' },
      [
        missing(['body', 'new_password'], { z: 1, password: null, deep: [{ passphrase: null }], token: 'x' }),
        { type: 'extra_forbidden', loc: ['body', 'z'], msg: 'Extra inputs are not permitted', input: 1 },
        { type: 'extra_forbidden', loc: ['body', 'password'], msg: 'Extra inputs are not permitted', input: null },
        {
          type: 'extra_forbidden',
          loc: ['body', 'deep'],
          msg: 'Extra inputs are not permitted',
          input: [{ passphrase: null }],
        },
      ],
    ],
    [
      { token: true, new_password: [SECRET] },
      [
        { type: 'string_type', loc: ['body', 'token'], msg: 'Input should be a valid string', input: true },
        { type: 'string_type', loc: ['body', 'new_password'], msg: 'Input should be a valid string', input: null },
      ],
    ],
    [
      '{"token": "a\\u0000", "new_password": "\\ud800"}',
      [
        {
          type: 'value_error',
          loc: ['body', 'token'],
          msg: 'Value error, Null characters are not allowed.',
          input: 'a\0',
        },
        {
          type: 'string_unicode',
          loc: ['body', 'new_password'],
          msg: 'Input should be a valid string, unable to parse raw data as a unicode string',
          input: null,
        },
      ],
    ],
    [[SECRET], [notAnObject]],
    [JSON.stringify(SECRET), [notAnObject]],
    ['7', [notAnObject]],
    ['{x', [notJson(1, 'Expecting property name enclosed in double quotes')]],
    ['x', [notJson(0, 'Expecting value')]],
    ['{"a": 1', [notJson(7, "Expecting ',' delimiter")]],
  ])('%j', async (body, detail) => {
    const answer = await reset(body);
    expect(answer.body).toEqual({ detail });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).not.toContain(SECRET);
  });

  it('is read as JSON without a type, and with one that is made of JSON', async () => {
    const text = JSON.stringify({ token: 'x', new_password: NEW });
    for (const type of ['application/json; charset=utf-8', 'application/vnd.api+json', 'APPLICATION/JSON']) {
      expect((await reset(text, { 'content-type': type })).body).toEqual(BAD_LINK);
    }
    const untyped = await fetch(`${service.url}/api/v1/auth/reset-password`, {
      method: 'POST',
      body: new TextEncoder().encode(text),
    });
    expect(await untyped.json()).toEqual(BAD_LINK);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'is no object as %s',
    async (type) => {
      const answer = await reset(`token=x&new_password=${SECRET}`, { 'content-type': type });
      expect(answer.body).toEqual({ detail: [notAnObject] });
      expect(answer.status).toBe(422);
    },
  );

  it('may be as deep as it likes', async () => {
    const deep = '['.repeat(60_000) + ']'.repeat(60_000);
    const answer = await reset(`{"token": ${deep}, "new_password": "${NEW}"}`);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1_000);
  });
});
