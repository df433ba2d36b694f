import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, type LoginBody } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
let person: LoginBody;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com, http://localhost:4200/' });
  person = await join(service);
});
afterAll(() => service.close());

const PUBLIC = [
  ['/api/auth/register/', 'POST, OPTIONS'],
  ['/api/auth/verify-email/', 'GET, POST, HEAD, OPTIONS'],
  ['/api/auth/login/', 'POST, OPTIONS'],
  ['/api/auth/token/refresh/', 'POST, OPTIONS'],
  ['/api/auth/password-reset/', 'POST, OPTIONS'],
  ['/api/auth/password-reset/confirm/', 'POST, OPTIONS'],
] as const;

const PROTECTED = [
  ['/api/auth/logout/', 'POST, OPTIONS'],
  ['/api/auth/me/', 'GET, HEAD, OPTIONS'],
  ['/api/auth/user/', 'GET, HEAD, OPTIONS'],
] as const;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const others = (allow: string): string[] => METHODS.filter((method) => !allow.split(', ').includes(method));

describe('methods that a path does not have', () => {
  it.each(PUBLIC)('%s answers 405 and what it allows', async (path, allow) => {
    for (const method of others(allow)) {
      for (const headers of [{}, { authorization: 'Bearer nonsense' }]) {
        const answer = await service.request(method, path, { headers: headers as Record<string, string> });
        expect(answer.body).toEqual({ detail: `Method "${method}" not allowed.` });
        expect(answer.status).toBe(405);
        expect(answer.headers.get('allow')).toBe(allow);
      }
    }
  });

  it.each(PROTECTED)('%s asks who is calling first', async (path, allow) => {
    for (const method of others(allow)) {
      const stranger = await service.request(method, path);
      expect(stranger.body).toEqual({ detail: 'Authentication credentials were not provided.' });
      expect(stranger.status).toBe(401);
      const answer = await service.request(method, path, { token: person.access });
      expect(answer.body).toEqual({ detail: `Method "${method}" not allowed.` });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });

  it.each([...PUBLIC, ...PROTECTED])('%s tells its methods to OPTIONS', async (path, allow) => {
    const answer = await service.request('OPTIONS', path);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it('HEAD is GET without the body', async () => {
    const head = await service.request('HEAD', '/api/auth/me/', { token: person.access });
    expect([head.status, head.body]).toEqual([200, '']);
    expect((await service.request('HEAD', '/api/auth/me/')).status).toBe(401);
    expect((await service.request('HEAD', '/api/auth/login/')).status).toBe(405);
  });
});

describe('paths', () => {
  it('end with a slash or without, and nothing redirects', async () => {
    for (const [path] of [...PUBLIC, ...PROTECTED]) {
      const answer = await service.request('POST', path.slice(0, -1), { body: {} });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect([301, 302, 307, 308, 404]).not.toContain(answer.status);
    }
    expect((await service.request('GET', '/api/auth/me', { token: person.access })).body).toEqual(person.user);
  });

  it.each([
    '/api/auth/',
    '/api/auth/nothing/',
    '/API/auth/me/',
    '/api/auth/Me/',
    '/api//auth/me/',
    '/api/auth/me/x.css',
    '/api/auth/me;.js',
    '/nothing',
    '/',
  ])('%s is not one of them', async (path) => {
    const answer = await service.request('GET', path, { token: person.access });
    expect(answer.body).toEqual({ detail: 'Not found.' });
    expect(answer.status).toBe(404);
  });

  it('that are malformed are refused without a fuss', async () => {
    const answer = await service.request('GET', '/api/auth/%zz/');
    expect(answer.status).toBe(400);
    expect(answer.body).toHaveProperty('detail');
  });
});

describe('the Accept header', () => {
  it.each([
    'application/xml',
    'image/png',
    'application/json; charset=utf-8; q=0',
    'application/json;q=0',
    'text/plain',
  ])('%s cannot be satisfied', async (accept) => {
    for (const path of ['/api/auth/me/', '/api/auth/verify-email/']) {
      const answer = await service.request('GET', path, { headers: { accept } });
      expect(answer.body).toEqual({ detail: 'Could not satisfy the request Accept header.' });
      expect(answer.status).toBe(406);
    }
  });

  it.each([
    '*/*',
    'application/*',
    'application/json',
    'application/json; charset=utf-8',
    'application/json;version=2; q=0.5, text/plain',
    'text/html,*/*;q=0.8',
    'application/xml, application/json;q=0.1',
  ])('%s can', async (accept) => {
    expect((await service.request('GET', '/api/auth/me/', { token: person.access, headers: { accept } })).status).toBe(
      200,
    );
  });
});

describe('every answer', () => {
  it('is not kept, not sniffed, not framed, and names its request', async () => {
    for (const [method, path] of [
      ['GET', '/api/auth/me/'],
      ['POST', '/api/auth/login/'],
      ['GET', '/nothing'],
    ] as const) {
      const { headers } = await service.request(method, path, { token: person.access });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('etag')).toBeNull();
    }
  });

  it("repeats a caller's request id only if it is harmless", async () => {
    const ask = async (id: string): Promise<string | null> =>
      (await service.request('GET', '/api/auth/me/', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await ask('trace-0123456789')).toBe('trace-0123456789');
    expect(await ask('"}<script>')).not.toContain('<');
    expect(await ask('x'.repeat(65))).toHaveLength(36);
  });
});

describe('other origins', () => {
  const preflight = (origin: string): ReturnType<Service['request']> =>
    service.request('OPTIONS', '/api/auth/logout/', {
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-tenant-id',
      },
    });

  it.each(['https://app.example.com', 'http://localhost:4200'])('%s gets through preflight', async (origin) => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    const allowed = headers.get('access-control-allow-headers')?.toLowerCase().split(', ');
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'x-tenant-id']));
    for (const method of METHODS) expect(headers.get('access-control-allow-methods')).toContain(method);
    expect(headers.get('vary')).toContain('Origin');
    const answer = await service.request('GET', '/api/auth/me/', { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it.each([
    'https://evil.example',
    'null',
    'https://app.example.com.evil.example',
    'https://notapp.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
  ])('%s does not', async (origin) => {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await service.request('GET', '/api/auth/me/', { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may read answers to what nobody foresaw, too', async () => {
    const answer = await service.request('GET', '/nothing', { headers: { origin: 'https://app.example.com' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
  });
});
