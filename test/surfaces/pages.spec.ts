import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { arrive, askFor, logIn } from '../support/djoser.js';
import { askForReset, join, login, register, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const open = (path: string): Promise<Answered<string>> =>
  service.request('GET', path, { headers: { accept: 'text/html' } });
const submit = (path: string, fields: Record<string, string>): Promise<Answered<string>> =>
  service.request('POST', path, { body: new URLSearchParams(fields), headers: { accept: 'text/html' } });
const title = ({ body }: Answered<string>): string | undefined => /<h1>(.*?)<\/h1>/.exec(body)?.[1];
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

async function verificationLink(email = someone()): Promise<{ email: string; path: string; token: string }> {
  await register(service, email);
  const mail = await service.smtp.next(email);
  const { pathname, search } = new URL(/https:\S+/.exec(mail.text)?.[0] ?? '');
  return { email, path: pathname + search, token: tokenIn(mail) };
}

describe('the link of our own mails', () => {
  it('leads to a page that changes nothing, with a button that does', async () => {
    const { email, path, token } = await verificationLink();
    for (let time = 0; time < 2; time += 1) {
      const page = await open(path);
      expect(page.status).toBe(200);
      expect(title(page)).toBe('Confirm your e-mail address');
    }
    await service.request('HEAD', path);
    expect((await login(service, email)).status).toBe(400);

    const done = await submit('/account/verify-email', { token });
    expect([done.status, title(done)]).toEqual([200, 'Your e-mail address is confirmed']);
    expect((await login(service, email)).status).toBe(200);

    for (const again of [await open(path), await submit('/account/verify-email', { token })]) {
      expect([again.status, title(again)]).toEqual([400, 'This link was used before']);
    }
  });

  it('opens no session: whoever has the mail may sign in as usual', async () => {
    const { email, token } = await verificationLink();
    const done = await submit('/account/verify-email', { token });
    expect(done.headers.get('set-cookie')).toBeNull();
    expect(
      await service.sql('SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1', [email]),
    ).toEqual([]);
  });

  it('sets a password, and says what is wrong with a poor one', async () => {
    const person = await join(service);
    const token = await askForReset(service, person.user.email);
    const path = `/account/reset-password?token=${token}`;
    const page = await open(path);
    expect([page.status, title(page)]).toEqual([200, 'Choose a new password']);
    expect(page.body).not.toContain('role="alert"');

    for (const [password, repeated, problem] of [
      ['newpassword123', 'newpassword124', 'The two do not match.'],
      ['short', 'short', 'Use at least 8 characters.'],
      ['x'.repeat(129), 'x'.repeat(129), 'Use at most 128 characters.'],
      ['password1', 'password1', 'Many people use this password'],
      [person.user.email, person.user.email, 'Your e-mail address is the first thing that is tried.'],
    ] as const) {
      const again = await submit('/account/reset-password', { token, password, repeated });
      expect(again.status).toBe(400);
      expect(title(again)).toBe('Choose a new password');
      expect(again.body).toContain(`role="alert">${problem}`);
      expect(again.body).toContain('aria-invalid="true"');
      expect(again.body).not.toContain(password);
    }

    const done = await submit('/account/reset-password', {
      token,
      password: 'newpassword123',
      repeated: 'newpassword123',
    });
    expect([done.status, title(done)]).toEqual([200, 'Your password is set']);
    expect((await login(service, person.user.email, 'newpassword123')).status).toBe(200);
    expect((await service.request('GET', '/api/auth/me/', { token: person.access })).status).toBe(401);
    expect(title(await open(path))).toBe('This link was used before');
  });

  it('sets another address, and says what is wrong with a poor one', async () => {
    const { user, access } = await arrive(service);
    const { token } = await askFor(service, 'reset_email', user.email);
    const path = `/account/reset-email?token=${token}`;
    for (let time = 0; time < 2; time += 1) {
      const page = await open(path);
      expect([page.status, title(page)]).toEqual([200, 'Choose a new e-mail address']);
      expect(page.body).not.toContain('role="alert"');
    }
    await service.request('HEAD', path);
    expect((await service.request('GET', '/auth/users/me/', { token: access })).body).toEqual(user);

    const other = await join(service);
    for (const [email, problem] of [
      ['', 'That is not an e-mail address.'],
      ['no"address', 'That is not an e-mail address.'],
      ['a'.repeat(300), 'That is not an e-mail address.'],
      [other.user.email.toUpperCase(), 'This address has an account already.'],
    ] as const) {
      const again = await submit('/account/reset-email', { token, email });
      expect([again.status, title(again)]).toEqual([400, 'Choose a new e-mail address']);
      expect(again.body).toContain(`role="alert">${problem}`);
      expect(again.body).toContain('aria-invalid="true"');
      expect(again.body).toContain(`value="${email.replace('"', '&quot;')}"`);
    }

    const next = someone();
    const done = await submit('/account/reset-email', { token, email: next });
    expect([done.status, title(done)]).toEqual([200, 'Your new e-mail address is noted']);
    expect((await logIn(service, next)).status).toBe(200);
    expect((await logIn(service, user.email)).status).toBe(401);
    expect((await service.request('GET', '/auth/users/me/', { token: access })).status).toBe(401);
    for (const again of [await open(path), await submit('/account/reset-email', { token, email: someone() })]) {
      expect([again.status, title(again)]).toEqual([400, 'This link was used before']);
    }
  });

  it.skipIf(isEmbedded)('sets one address of many at once', async () => {
    const { user } = await arrive(service);
    const { token } = await askFor(service, 'reset_email', user.email);
    const pages = await Promise.all(
      Array.from({ length: 16 }, () => submit('/account/reset-email', { token, email: someone() })),
    );
    expect(pages.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(15).fill(400)]);
  });

  it('says what has become of it', async () => {
    const { path, token } = await verificationLink();
    const { user } = await join(service);
    const reset = await askForReset(service, user.email);
    for (const [page, expected] of [
      ['/account/verify-email', 'This link is no longer good'],
      ['/account/verify-email?token=', 'This link is no longer good'],
      ['/account/verify-email?token=unknown', 'This link is no longer good'],
      [`/account/verify-email?token=${reset}`, 'This link is no longer good'],
      [`/account/reset-password?token=${token}`, 'This link is no longer good'],
      ['/account/reset-password?token=%00', 'This link is no longer good'],
      [`/account/reset-email?token=${reset}`, 'This link is no longer good'],
      ['/account/reset-email', 'This link is no longer good'],
      [`/account/confirm-email?token=${token}`, 'This link is no longer good'],
      ['/account/confirm-email?token=', 'This link is no longer good'],
    ]) {
      const answer = await open(page!);
      expect([page, answer.status, title(answer)]).toEqual([page, 400, expected]);
    }
    later(86_401);
    for (let time = 0; time < 2; time += 1) expect(title(await open(path))).toBe('This link has expired');
    expect(title(await submit('/account/verify-email', { token }))).toBe('This link has expired');
    expect(title(await open(`/account/reset-password?token=${reset}`))).toBe('This link has expired');
  });

  it('lets nothing out of its field', async () => {
    const nasty = `"><script>alert(1)</script>`;
    const { body } = await submit('/account/reset-password', { token: nasty, password: 'a', repeated: 'b' });
    expect(body).not.toContain('<script>');
    expect(body).toContain('value="&quot;&gt;&lt;script&gt;');
  });
});

describe('every page', () => {
  it('runs no script, is in no frame, tells nobody where it was, and is not kept', async () => {
    const { path } = await verificationLink();
    const { user } = await arrive(service);
    const { token } = await askFor(service, 'reset_email', user.email);
    for (const target of [
      path,
      `/account/reset-email?token=${token}`,
      '/account/reset-password',
      '/account/verify-email',
      '/account/reset-email',
      '/account/confirm-email',
    ]) {
      const { headers, body } = await open(target);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(body).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(body).toContain('<meta name="viewport"');
      expect(body.match(/<h1>/g)).toHaveLength(1);
      expect(body).not.toMatch(/<script|src=|https?:/);
    }
  });

  it('that there is none of is a page, too', async () => {
    for (const path of ['/account/nothing', '/account/verify-email/x', '/account/']) {
      const answer = await open(path);
      expect([answer.status, title(answer)]).toEqual([404, 'There is nothing here']);
    }
  });

  it('refuses what it cannot read as a page', async () => {
    const odd = await service.request<string>('POST', '/account/verify-email', {
      body: '<a/>',
      headers: { 'content-type': 'text/xml' },
    });
    expect([odd.status, title(odd)]).toEqual([400, 'That did not work']);
    const put = await service.request<string>('PUT', '/account/verify-email');
    expect([put.status, put.headers.get('allow'), title(put)]).toEqual([
      405,
      'GET, POST, HEAD, OPTIONS',
      'That did not work',
    ]);
  });
});

describe('where discovery is hidden', () => {
  let hidden: Service;
  beforeAll(async () => {
    await service.close();
    hidden = await startService({ ACCOUNT_DISCOVERY: 'hidden' });
  });
  afterAll(async () => {
    await hidden.close();
    service = await startService();
  });

  const get = (path: string): Promise<Answered<string>> => hidden.request('GET', path);
  const post = (path: string, fields: Record<string, string>): Promise<Answered<string>> =>
    hidden.request('POST', path, { body: new URLSearchParams(fields) });

  async function confirmationLink(email: string): Promise<{ path: string; token: string }> {
    const mail = await hidden.smtp.next(email);
    expect(mail.subject).toBe('Confirm your new e-mail address');
    const { pathname, search } = new URL(/https:\S+/.exec(mail.text)?.[0] ?? '');
    return { path: pathname + search, token: tokenIn(mail) };
  }

  it('the page for another address does not tell a taken one from a free one', async () => {
    const taken = await arrive(hidden);
    const pages: string[] = [];
    for (const email of [someone(), taken.user.email]) {
      const { user } = await arrive(hidden);
      const { token } = await askFor(hidden, 'reset_email', user.email);
      const done = await post('/account/reset-email', { token, email });
      expect(done.status).toBe(200);
      pages.push(done.body);
      expect((await logIn(hidden, user.email)).status).toBe(200);
    }
    expect(pages[0]).toBe(pages[1]);
  });

  it('a new address is confirmed by a button, once', async () => {
    const { user, access } = await arrive(hidden);
    const next = someone();
    await hidden.request('POST', '/auth/users/set_email/', {
      token: access,
      body: { new_email: next, current_password: 'secure-password-123' },
    });
    const { path, token } = await confirmationLink(next);
    for (let time = 0; time < 2; time += 1) {
      const page = await get(path);
      expect([page.status, title(page)]).toEqual([200, 'Confirm your new e-mail address']);
    }
    await hidden.request('HEAD', path);
    expect((await logIn(hidden, next)).status).toBe(401);

    const answers = await Promise.all(
      Array.from({ length: isEmbedded ? 1 : 16 }, () => post('/account/confirm-email', { token })),
    );
    const done = answers.filter(({ status }) => status === 200);
    expect(done.map(title)).toEqual(['Your e-mail address is changed']);
    for (const again of [await get(path), await post('/account/confirm-email', { token })]) {
      expect([again.status, title(again)]).toEqual([400, 'This link was used before']);
    }
    expect((await logIn(hidden, next)).status).toBe(200);
    expect((await logIn(hidden, user.email)).status).toBe(401);
    expect(
      await hidden.sql('SELECT email_verified_at IS NOT NULL AS proven FROM users WHERE email = $1', [next]),
    ).toEqual([{ proven: true }]);
  });

  it('an address that was taken meanwhile is told to whoever holds its mail', async () => {
    const { access } = await arrive(hidden);
    const next = someone();
    await hidden.request('POST', '/auth/users/set_email/', {
      token: access,
      body: { new_email: next, current_password: 'secure-password-123' },
    });
    const { path, token } = await confirmationLink(next);
    await register(hidden, next);
    const refused = await post('/account/confirm-email', { token });
    expect([refused.status, title(refused)]).toEqual([400, 'This address has an account']);
    later(86_401);
    expect(title(await get(path))).toBe('This link has expired');
  });
});

describe('where a front end is configured', () => {
  let configured: Service;
  beforeAll(async () => {
    await service.close();
    configured = await startService({
      API_AUTH_VERIFY_EMAIL_URL: 'https://app.example.com/auth/verify?token={token}',
      API_AUTH_RESET_PASSWORD_URL: 'https://app.example.com/#/reset/{token}?a=1&b=2',
    });
  });
  afterAll(async () => {
    await configured.close();
    service = await startService();
  });

  it('mails point there', async () => {
    const { user } = await join(configured);
    expect((await configured.smtp.next(user.email)).text).toMatch(
      / https:\/\/app\.example\.com\/auth\/verify\?token=[0-9a-f]{32}$/m,
    );
    await askForReset(configured, user.email).catch(() => undefined);
    const mail = await configured.smtp.next(user.email, 2);
    expect(mail.text).toMatch(/ https:\/\/app\.example\.com\/#\/reset\/[0-9a-f]{32}\?a=1&b=2$/m);
    expect(mail.html).toContain('?a=1&#38;b=2"');
  });
});
