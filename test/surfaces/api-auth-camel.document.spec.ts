import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type Answered, type Service } from '../support/service.js';
import { codeIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const A_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;

/** The source document from top to bottom: every request as it is there, every answer body for body. */
describe('the document of surface 004', () => {
  let access = '';
  let session = '';

  const expectAnswer = (answer: Answered, status: number, body: object): void => {
    expect([answer.status, answer.body]).toEqual([status, body]);
  };
  const post = (path: string, body: object): Promise<Answered> => service.request('POST', path, { body });
  const mine = (method: string, path: string, body?: object): Promise<Answered> =>
    service.request(method, path, { headers: { authorization: `JWT ${access}` }, ...(body ? { body } : {}) });

  it('signs up', async () => {
    const required = { email: 'admin@admin.com', password: 'strongpassword123', password2: 'strongpassword123' };
    const body = { ...required, phoneNumber: '15487711' };
    expectAnswer(await post('/api/auth/signup/', body), 201, { email: 'admin@admin.com', phoneNumber: '15487711' });
    expectAnswer(await post('/api/auth/signup/', body), 400, { email: ['user with this email already exists.'] });
    expectAnswer(await post('/api/auth/signup/', { ...body, email: 'admin' }), 400, {
      email: ['Enter a valid email address.'],
    });
    expectAnswer(
      await post('/api/auth/signup/', { ...body, email: 'other@admin.com', password2: 'strongpassword124' }),
      400,
      { nonFieldErrors: ["Passwords don't match!"] },
    );
    // The phone number is optional.
    expectAnswer(await post('/api/auth/signup/', { ...required, email: 'lavrenovichae@gmail.com' }), 201, {
      email: 'lavrenovichae@gmail.com',
      phoneNumber: '+000000000',
    });
  });

  it('logs in', async () => {
    const body = { email: 'admin@admin.com', password: 'strongpassword123' };
    const answer = await service.request<{ access: string }>('POST', '/api/auth/get-token/', { body });
    expectAnswer(answer, 200, { refresh: A_TOKEN, access: A_TOKEN });
    ({ access } = answer.body);
    expectAnswer(await post('/api/auth/get-token/', { ...body, password: 'wrong' }), 401, {
      detail: 'No active account found with the given credentials',
    });
  });

  it('changes the e-mail address', async () => {
    expectAnswer(await mine('PATCH', '/api/auth/change-email/', { email: 'admin@admin.com' }), 200, {
      email: 'admin@admin.com',
    });
    expectAnswer(await mine('PATCH', '/api/auth/change-email/', { email: 'lavrenovichae@gmail.com' }), 400, {
      detail: ['user with this email already exists.'],
    });
  });

  it('changes the password', async () => {
    const path = '/api/auth/change-password/';
    const body = { password: 'strongpassword123', newPassword: 'newpassword123', newPassword2: 'newpassword123' };
    expectAnswer(await mine('PATCH', path, { ...body, password: 'wrong' }), 400, {
      detail: ['Old password is incorrect!'],
    });
    expectAnswer(await mine('PATCH', path, { ...body, newPassword2: 'other' }), 400, {
      detail: ["New passwords don't match!"],
    });
    expectAnswer(await mine('PATCH', path, body), 200, { message: 'Successfully changed password.' });
  });

  it('shows and updates the settings', async () => {
    const path = '/api/users/settings/';
    const settings = {
      email: 'admin@admin.com',
      firstName: 'Admin',
      lastName: 'Adminovich',
      phoneNumber: '15487711',
    };
    expectAnswer(await mine('GET', path), 200, { ...settings, firstName: '', lastName: '' });
    expectAnswer(await mine('PUT', path, { firstName: 'Admin', lastName: 'Adminovich' }), 200, settings);
    expectAnswer(await mine('PATCH', path, { phoneNumber: '15487711' }), 200, settings);
    expectAnswer(await mine('GET', path), 200, settings);
    for (const method of ['GET', 'PUT', 'PATCH']) {
      expectAnswer(await service.request(method, path), 401, {
        detail: 'Authentication credentials were not provided.',
      });
    }
  });

  it('mails a code', async () => {
    expectAnswer(await service.request('GET', '/api/auth/reset-password/?email=lavrenovichae@gmail.com'), 200, {
      success: 'Successfully sent a reset code to lavrenovichae@gmail.com.',
    });
    expectAnswer(await service.request('GET', '/api/auth/reset-password/?email=nobody@gmail.com'), 400, {
      email: ['No user nobody@gmail.com was found.'],
    });
  });

  it('exchanges the code', async () => {
    const mail = await service.smtp.next('lavrenovichae@gmail.com');
    expect(mail.subject).toBe('Reset password code');
    expect(mail.text).toMatch(/^Hi there\. Please enter this code to reset your password: \d{6}$/m);
    expect(mail.text).toContain('The code works once, within 10 minutes.');
    const body = { email: 'lavrenovichae@gmail.com', code: codeIn(mail) };
    const answer = await service.request<{ sessionToken: string }>('POST', '/api/auth/reset-password/', { body });
    expectAnswer(answer, 200, { sessionToken: expect.stringMatching(/^[0-9A-Za-z]{32}$/) as string });
    session = answer.body.sessionToken;
    expectAnswer(await post('/api/auth/reset-password/', body), 400, {
      code: ['Code has expired or it is incorrect.'],
    });
  });

  it('sets a new password by the session token', async () => {
    const body = {
      email: 'lavrenovichae@gmail.com',
      sessionToken: session,
      newPassword: 'newpassword123',
      newPassword2: 'newpassword123',
    };
    expectAnswer(await service.request('PATCH', '/api/auth/reset-password/', { body }), 200, {
      success: 'Successfully changed password for lavrenovichae@gmail.com.',
    });
    expectAnswer(await service.request('PATCH', '/api/auth/reset-password/', { body }), 400, {
      sessionToken: ['Session token has expired or it is incorrect.'],
    });
    const login = { email: 'lavrenovichae@gmail.com', password: 'newpassword123' };
    expectAnswer(await post('/api/auth/get-token/', login), 200, { refresh: A_TOKEN, access: A_TOKEN });
  });
});
