import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkIn, type Link } from '../support/djoser.js';
import { startService, type Answered, type RequestOptions, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const A_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;

/** The source document from top to bottom: every request as it is there, every answer body for body. */
describe('the document of surface 003', () => {
  const email = 'user@example.com';
  let access = '';
  let refresh = '';

  const send = <Body>(method: string, path: string, body?: object): Promise<Answered<Body>> => {
    const options: RequestOptions = access === '' ? {} : { headers: { authorization: `JWT ${access}` } };
    return service.request<Body>(method, path, { ...options, ...(body === undefined ? {} : { body }) });
  };
  const logIn = async (address: string, password: string): Promise<void> => {
    access = '';
    const answer = await send<{ access: string; refresh: string }>('POST', '/auth/jwt/create/', {
      email: address,
      password,
    });
    expect(answer.body).toEqual({ refresh: A_TOKEN, access: A_TOKEN });
    expect(answer.status).toBe(200);
    ({ access, refresh } = answer.body);
  };
  const mailed = async (subject: string, count: number): Promise<Link> => {
    const mail = await service.smtp.next(email, count);
    expect(mail.subject).toBe(subject);
    return linkIn(mail);
  };
  const expectDone = (answer: Answered): void => {
    expect([answer.status, answer.body, answer.headers.get('content-type')]).toEqual([204, '', null]);
  };

  it('creates a user', async () => {
    const answer = await send('POST', '/auth/users/', {
      email: 'user@example.com',
      password: 'secure-password-123',
      re_password: 'secure-password-123',
    });
    expect(answer.body).toEqual({ id: 1, email, name: '' });
    expect(answer.status).toBe(201);
  });

  it('resends the activation mail', async () => {
    expectDone(await send('POST', '/auth/users/resend_activation/', { email: 'user@example.com' }));
  });

  it('activates the account', async () => {
    const link = await mailed('Account activation on Ostiary', 2);
    expect(link.uid).toBe('MQ');
    expectDone(await send('POST', '/auth/users/activation/', link));
    await logIn(email, 'secure-password-123');
  });

  it('shows and updates the profile', async () => {
    expect((await send('GET', '/auth/users/me/')).body).toEqual({ id: 1, email, name: '' });
    const put = await send('PUT', '/auth/users/me/', { email, name: 'Jane Doe' });
    expect([put.status, put.body]).toEqual([200, { id: 1, email, name: 'Jane Doe' }]);
    const patch = await send('PATCH', '/auth/users/me/', { name: 'Jane M. Doe' });
    expect([patch.status, patch.body]).toEqual([200, { id: 1, email, name: 'Jane M. Doe' }]);
  });

  it('changes the password', async () => {
    expectDone(
      await send('POST', '/auth/users/set_password/', {
        new_password: 'new-secure-password',
        re_new_password: 'new-secure-password',
        current_password: 'secure-password-123',
      }),
    );
    expect((await service.smtp.next(email, 3)).subject).toBe('Your password was changed');
    await logIn(email, 'new-secure-password');
  });

  it('resets the password by a mailed link', async () => {
    expectDone(await send('POST', '/auth/users/reset_password/', { email: 'user@example.com' }));
    const link = await mailed('Password reset on Ostiary', 4);
    expectDone(
      await send('POST', '/auth/users/reset_password_confirm/', {
        ...link,
        new_password: 'new-secure-password',
        re_new_password: 'new-secure-password',
      }),
    );
    await logIn(email, 'new-secure-password');
  });

  it('changes the e-mail address', async () => {
    expectDone(
      await send('POST', '/auth/users/set_email/', {
        new_email: 'newemail@example.com',
        re_new_email: 'newemail@example.com',
        current_password: 'new-secure-password',
      }),
    );
    expect((await send('GET', '/auth/users/me/')).body).toEqual({
      id: 1,
      email: 'newemail@example.com',
      name: 'Jane M. Doe',
    });
  });

  it('refreshes and verifies tokens, as its clients do', async () => {
    const answer = await send<{ access: string }>('POST', '/auth/jwt/refresh/', { refresh });
    expect([answer.status, answer.body]).toEqual([200, { access: A_TOKEN }]);
    ({ access } = answer.body);
    for (const token of [access, refresh]) {
      const verified = await send('POST', '/auth/jwt/verify/', { token });
      expect([verified.status, verified.body]).toEqual([200, {}]);
    }
  });

  it('deletes the account', async () => {
    expectDone(await send('DELETE', '/auth/users/me/', { current_password: 'new-secure-password' }));
    const gone = await send('GET', '/auth/users/me/');
    expect([gone.status, gone.body]).toEqual([401, { detail: 'User not found', code: 'user_not_found' }]);
  });
});
