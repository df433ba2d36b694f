import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/platform/config/environment.js';
import { logInByForm } from '../support/forms.js';
import { join } from '../support/people.js';
import { SETTINGS_CLASSES, startService, type Service } from '../support/service.js';

let service: Service;
let token: string;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com' });
  const { user } = await join(service);
  token = (await logInByForm(service, user.email)).body.access_token.token;
});
afterAll(() => service.close());

const PATHS = [
  ['/api/v1/auth/login', 'POST'],
  ['/api/v1/auth/token', 'POST'],
  ['/api/v1/auth/refresh', 'POST'],
  ['/api/v1/auth/me', 'GET'],
  ['/api/v1/auth/password-recovery/nobody@example.com', 'POST'],
  ['/api/v1/auth/reset-password', 'POST'],
  ['/api/v1/auth/logout', 'POST'],
] as const;

describe('methods that a path does not have', () => {
  it.each(PATHS)('%s answers 405 before it looks at credentials', async (path, allow) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((it) => it !== allow)) {
      for (const headers of [{}, { authorization: 'Bearer nonsense' }, { authorization: `Bearer ${token}` }]) {
        const answer = await service.request(method, path, { headers: headers as Record<string, string> });
        expect(answer.body).toEqual({ detail: 'Method Not Allowed' });
        expect(answer.status).toBe(405);
        expect(answer.headers.get('allow')).toBe(allow);
      }
    }
  });

  it('OPTIONS tells them, and HEAD is GET without the body', async () => {
    const options = await service.request('OPTIONS', '/api/v1/auth/me');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const head = await service.request('HEAD', '/api/v1/auth/me', { token });
    expect([head.status, head.body]).toEqual([200, '']);
    for (const path of ['login', 'logout', 'refresh', 'password-recovery/nobody@example.com']) {
      expect((await service.request('HEAD', `/api/v1/auth/${path}`, { token })).status).toBe(405);
    }
    expect((await service.request('GET', '/api/v1/auth/me', { token })).status).toBe(200);
  });
});

describe('paths', () => {
  it.each(PATHS)('%s ends with a slash or without', async (path, method) => {
    const [bare, slashed] = [await service.request(method, path), await service.request(method, `${path}/`)];
    expect([slashed.status, slashed.body]).toEqual([bare.status, bare.body]);
    expect([301, 302, 307, 308, 404]).not.toContain(bare.status);
  });

  it.each([
    '/api/v1/',
    '/api/v1/auth',
    '/api/v1/auth/',
    '/api/v1/auth/Me',
    '/api/v1/users/',
    '/api/v1/auth/password-recovery/',
  ])('%s is not one of them', async (path) => {
    const answer = await service.request('GET', path, { token });
    expect(answer.body).toEqual({ detail: 'Not Found' });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-process-time')).toMatch(/^\d/);
  });
});

describe('headers', () => {
  it('tell how many seconds every answer took, on this surface only', async () => {
    for (const [path] of PATHS) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const { headers } = await service.request(method, path);
        expect(Number(headers.get('x-process-time'))).toBeGreaterThan(0);
        expect(Number(headers.get('x-process-time'))).toBeLessThan(10);
        expect(headers.get('cache-control')).toBe('no-store');
      }
    }
    expect((await service.request('GET', '/api/auth/me/')).headers.get('x-process-time')).toBeNull();
  });

  it('answer whatever is accepted with JSON', async () => {
    const answer = await service.request('GET', '/api/v1/auth/me', { token, headers: { accept: 'application/xml' } });
    expect(answer.status).toBe(200);
  });

  it('let front ends of the list send cookies', async () => {
    const headers = { origin: 'https://app.example.com' };
    const answer = await service.request('GET', '/api/v1/auth/me', { token, headers });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
  });
});

it('a body beyond the limit is refused', async () => {
  const answer = await service.request('POST', '/api/v1/auth/reset-password', { body: { x: 'x'.repeat(300_000) } });
  expect(answer.status).toBe(413);
  expect(answer.body).toHaveProperty('detail');
});

it('administrators are superusers, and a picture and both names are shown', async () => {
  await service.sql(
    `UPDATE users SET role = 'Admin', picture = 'https://img.test/a.png', first_name = 'Ann', last_name = 'Lee'`,
  );
  const { body } = await service.request('GET', '/api/v1/auth/me', { token });
  expect(body).toMatchObject({ is_superuser: true, profile_image_url: 'https://img.test/a.png', name: 'Ann Lee' });
});

it('a cookie for plain http is refused in production', () => {
  const variables = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://db.test/auth',
    SMTP_URL: 'smtp://mail.test',
    SECRET_KEY: 'a-secret-key-that-only-the-tests-use-0123456789',
    PUBLIC_URL: 'https://auth.test',
  };
  const read = (value: string): unknown =>
    readEnvironment({ ...variables, API_V1_COOKIE_SECURE: value }, SETTINGS_CLASSES);
  expect(() => read('off')).toThrow('API_V1_COOKIE_SECURE may not be off in production');
  expect(() => read('on')).not.toThrow();
  expect(() => read('maybe')).toThrow('API_V1_COOKIE_SECURE must be one of the following values: on, off');
});
