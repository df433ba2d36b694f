import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const A_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;
const A_UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string;
const A_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/) as string;

const JOHN = {
  id: A_UUID,
  email: 'john@example.com',
  username: 'johnny',
  first_name: 'John',
  last_name: 'Doe',
  is_active: true,
  role: 'Viewer',
  avatar: null,
  phone_number: null,
  date_joined: A_TIME,
};

/** The source document from top to bottom: every request as it is there, every answer body for body. */
describe('the document of surface 000', () => {
  let access = '';
  let refresh = '';

  it('registers', async () => {
    const answer = await service.request('POST', '/api/auth/register/', {
      body: {
        email: 'john@example.com',
        username: 'johnny',
        first_name: 'John',
        last_name: 'Doe',
        password: 'strongpassword123',
        confirm_password: 'strongpassword123',
      },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      message: 'User created successfully. Please check your email for verification link.',
    });
  });

  it('verifies the e-mail address', async () => {
    const mail = await service.smtp.next('john@example.com');
    expect(mail.subject).toBe('Verify your email');
    expect(mail.text).toContain(
      'Welcome! Click the link to verify your email: https://auth.test/account/verify-email?token=',
    );
    const answer = await service.request('GET', `/api/auth/verify-email/?token=${tokenIn(mail)}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      detail: 'Email verified successfully. You are now logged in.',
      token: A_TOKEN,
      access: A_TOKEN,
      refresh: A_TOKEN,
      user: JOHN,
    });
    const { token, access: copy } = answer.body as { token: string; access: string };
    expect(copy).toBe(token);
  });

  it('logs in', async () => {
    const answer = await service.request<{ access: string; refresh: string }>('POST', '/api/auth/login/', {
      body: { email: 'john@example.com', password: 'strongpassword123' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ refresh: A_TOKEN, access: A_TOKEN, user: JOHN });
    ({ access, refresh } = answer.body);
  });

  it('shows the current user, at both addresses', async () => {
    for (const path of ['/api/auth/me/', '/api/auth/user/']) {
      const answer = await service.request('GET', path, { token: access });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(JOHN);
    }
  });

  it('refreshes', async () => {
    const answer = await service.request<{ access: string; refresh: string }>('POST', '/api/auth/token/refresh/', {
      body: { refresh },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ access: A_TOKEN, refresh: A_TOKEN });
    ({ access, refresh } = answer.body);
  });

  it('logs out', async () => {
    const answer = await service.request('POST', '/api/auth/logout/', { token: access, body: { refresh } });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ detail: 'Successfully logged out.' });
  });

  it('mails a link to reset the password', async () => {
    const answer = await service.request('POST', '/api/auth/password-reset/', { body: { email: 'john@example.com' } });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      detail: 'If an account with this email exists, a password reset link has been sent.',
    });
    const mail = await service.smtp.next('john@example.com', 2);
    expect(mail.subject).toBe('Reset your password');
    expect(mail.text).toContain('Click here to reset your password: https://auth.test/account/reset-password?token=');
  });

  it('confirms the reset', async () => {
    const token = tokenIn(await service.smtp.next('john@example.com', 2));
    const answer = await service.request('POST', '/api/auth/password-reset/confirm/', {
      body: { token, password: 'newpassword123' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      detail: 'Password reset successful. You are now logged in.',
      token: A_TOKEN,
      access: A_TOKEN,
      refresh: A_TOKEN,
      user: JOHN,
    });
  });

  it('logs in with the new password', async () => {
    const answer = await service.request('POST', '/api/auth/login/', {
      body: { email: 'john@example.com', password: 'newpassword123' },
    });
    expect(answer.status).toBe(200);
  });
});
