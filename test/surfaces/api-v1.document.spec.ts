import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieOf, logInByForm, type FormLogin } from '../support/forms.js';
import { join } from '../support/people.js';
import { startService, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
  await join(service, 'john@example.com', { username: 'john', first_name: 'John', last_name: 'Doe' });
});
afterAll(() => service.close());

const A_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;

const LOGIN = {
  username: 'john',
  access_token: { token: A_TOKEN, expires_in: 604_800, token_type: 'bearer' },
  refresh_token: { token: A_TOKEN, expires_in: 31_536_000, token_type: 'bearer' },
};

/** The source document from top to bottom: every request as it is there, every answer body for body. */
describe('the document of surface 002', () => {
  let login: FormLogin;
  let cookie = '';

  it('logs in', async () => {
    const answer = await logInByForm(service, 'john');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(LOGIN);
    login = answer.body;
    expect(cookieOf(answer)).toEqual({
      pair: `refresh_token=${login.refresh_token.token}`,
      value: login.refresh_token.token,
      attributes: ['HttpOnly', 'Max-Age=31536000', 'Path=/api/v1/auth', 'SameSite=Lax', 'Secure'],
    });
  });

  it('gives an access token as OAuth 2 has it', async () => {
    const body = new URLSearchParams({ username: 'john', password: 'strongpassword123' });
    const answer = await service.request('POST', '/api/v1/auth/token', { body });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ access_token: A_TOKEN, expires_in: 604_800, token_type: 'bearer' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('refreshes', async () => {
    const answer = await service.request<FormLogin>('POST', '/api/v1/auth/refresh', {
      token: login.access_token.token,
      body: { token: login.refresh_token.token, expires_in: 31_536_000, token_type: 'bearer' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...LOGIN,
      refresh_token: { ...LOGIN.refresh_token, expires_in: expect.closeTo(31_536_000, -2) as number },
    });
    login = answer.body;
    cookie = cookieOf(answer).pair;
    expect(cookie).toBe(`refresh_token=${login.refresh_token.token}`);
  });

  it('shows the current user', async () => {
    const answer = await service.request('GET', '/api/v1/auth/me', { token: login.access_token.token });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id: 1,
      username: 'john',
      email: 'john@example.com',
      name: 'John Doe',
      is_superuser: false,
      is_active: true,
      profile_image_url: null,
      tier_id: null,
    });
  });

  it('mails a link to recover the password', async () => {
    const answer = await service.request('POST', '/api/v1/auth/password-recovery/john@example.com');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ message: 'Password recovery email sent.' });
    const mail = await service.smtp.next('john@example.com', 2);
    expect(mail.subject).toMatch(/^Ostiary - Password recovery for user \S+@example\.com$/);
    expect(mail.text).toContain('https://auth.test/account/reset-password?token=');
  });

  it('logs out', async () => {
    const answer = await service.request('POST', '/api/v1/auth/logout', {
      token: login.access_token.token,
      headers: { cookie },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ message: 'Logged out successfully.' });
    expect(cookieOf(answer)).toEqual({
      pair: 'refresh_token=',
      value: '',
      attributes: ['HttpOnly', 'Max-Age=0', 'Path=/api/v1/auth', 'SameSite=Lax', 'Secure'],
    });
  });

  it('completes the recovery', async () => {
    const token = tokenIn(await service.smtp.next('john@example.com', 2));
    const answer = await service.request('POST', '/api/v1/auth/reset-password', {
      body: { token, new_password: 'newpassword123' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ message: 'Password updated successfully' });
    expect((await logInByForm(service, 'john', 'newpassword123')).status).toBe(200);
  });
});
