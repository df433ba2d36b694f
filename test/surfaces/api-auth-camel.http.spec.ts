import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enter, type CamelPerson } from '../support/camel-people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
let person: CamelPerson;
beforeAll(async () => {
  service = await startService();
  person = await enter(service);
});
afterAll(() => service.close());

const PUBLIC = [
  ['/api/auth/signup/', 'POST, OPTIONS'],
  ['/api/auth/get-token/', 'POST, OPTIONS'],
  ['/api/auth/reset-password/', 'GET, POST, PATCH, HEAD, OPTIONS'],
] as const;

const PROTECTED = [
  ['/api/auth/change-email/', 'PATCH, OPTIONS'],
  ['/api/auth/change-password/', 'PATCH, OPTIONS'],
  ['/api/users/settings/', 'GET, PUT, PATCH, HEAD, OPTIONS'],
] as const;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const others = (allow: string): string[] => METHODS.filter((method) => !allow.split(', ').includes(method));

describe('methods that a path does not have', () => {
  it.each(PUBLIC)('%s answers 405 and what it allows', async (path, allow) => {
    for (const method of others(allow)) {
      const answer = await service.request(method, path, { headers: { authorization: 'JWT nonsense' } });
      expect([answer.status, answer.body]).toEqual([405, { detail: `Method "${method}" not allowed.` }]);
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });

  it.each(PROTECTED)('%s asks who is calling first', async (path, allow) => {
    for (const method of others(allow)) {
      const stranger = await service.request(method, path);
      expect([stranger.status, stranger.body]).toEqual([
        401,
        { detail: 'Authentication credentials were not provided.' },
      ]);
      const answer = await service.request(method, path, { token: person.access });
      expect([answer.status, answer.body]).toEqual([405, { detail: `Method "${method}" not allowed.` }]);
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });

  it.each([...PUBLIC, ...PROTECTED])('%s tells its methods to OPTIONS', async (path, allow) => {
    const answer = await service.request('OPTIONS', path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, allow]);
  });

  it('HEAD is GET without the body', async () => {
    const head = await service.request('HEAD', '/api/users/settings/', { token: person.access });
    expect([head.status, head.body]).toEqual([200, '']);
    expect((await service.request('HEAD', '/api/users/settings/')).status).toBe(401);
    expect((await service.request('HEAD', '/api/auth/signup/')).status).toBe(405);
  });
});

describe('paths', () => {
  it('end with a slash or without, and nothing redirects', async () => {
    for (const [path, allow] of [...PUBLIC, ...PROTECTED]) {
      const [method = ''] = allow.split(', ');
      for (const form of [path, path.slice(0, -1)]) {
        const answer = await service.request(method, form);
        expect([form, [400, 401].includes(answer.status)]).toEqual([form, true]);
      }
    }
    expect((await service.request('GET', '/api/users/settings', { token: person.access })).status).toBe(200);
  });

  it.each([
    '/api/auth/sign-up/',
    '/api/auth/Signup/',
    '/api/auth/getToken/',
    '/api/auth/reset-password/x/',
    '/api/users/',
    '/api/users/me/',
    '/api/users/Settings/',
    '/api/users/settings/1/',
  ])('%s is not one of them', async (path) => {
    const answer = await service.request('GET', path, { token: person.access });
    expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
  });
});

it('an Accept header that cannot be satisfied is told so', async () => {
  for (const [path] of [...PUBLIC, ...PROTECTED]) {
    const answer = await service.request('GET', path, { headers: { accept: 'application/xml' } });
    expect([answer.status, answer.body]).toEqual([406, { detail: 'Could not satisfy the request Accept header.' }]);
  }
});

it('who is calling is asked before the body is read', async () => {
  for (const [path] of PROTECTED) {
    for (const body of ['{broken', '[1]']) {
      expect((await service.request('PATCH', path, { body })).status).toBe(401);
    }
    const broken = await service.request('PATCH', path, { token: person.access, body: '{' });
    expect([broken.status, broken.body]).toEqual([
      400,
      { detail: 'JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)' },
    ]);
    const headers = { 'content-type': 'text/plain' };
    const text = await service.request('PATCH', path, { token: person.access, body: 'x', headers });
    expect([text.status, text.body]).toEqual([415, { detail: 'Unsupported media type "text/plain" in request.' }]);
  }
});

it('answers with personal data are not kept', async () => {
  const answer = await service.request('GET', '/api/users/settings/', { token: person.access });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
});

it('has a document of its own', async () => {
  const { body } = await service.request<{ info: { title: string }; paths: object }>(
    'GET',
    '/docs/api-auth-camel.json',
  );
  expect(body.info.title).toBe('Authentication in camelCase');
  expect(Object.keys(body.paths).toSorted()).toEqual([...PUBLIC, ...PROTECTED].map(([path]) => path).toSorted());
});
