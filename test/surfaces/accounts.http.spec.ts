import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinAccounts, type Member } from '../support/accounts.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
let member: Member;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com' });
  member = await joinAccounts(service);
});
afterAll(() => service.close());

const PUBLIC = [
  'registration/',
  'get/acctivation/token/',
  'get/accttivation/token/',
  'get/activation/token/',
  'verify/token/MQ/token/',
  'login/',
  'token/refresh/',
  'forget/password/',
  'set/new/forget/password/MQ/token/',
].map((path) => [`/accounts/api/${path}`, 'POST, OPTIONS'] as const);

const PROTECTED = [
  ['/accounts/api/dashboard/', 'GET, HEAD, OPTIONS'],
  ['/accounts/api/get/profile/', 'GET, HEAD, OPTIONS'],
  ['/accounts/api/get/history/', 'GET, HEAD, OPTIONS'],
  ['/accounts/api/update/profile/', 'POST, OPTIONS'],
  ['/accounts/api/change/password/', 'POST, OPTIONS'],
] as const;

/** Those that read a body. */
const READING = [...PUBLIC, ...PROTECTED].filter(
  ([path, allow]) => allow.startsWith('POST') && !path.includes('/verify/'),
);

const others = (allow: string): string[] =>
  ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !allow.split(', ').includes(method));

describe('methods that a path does not have', () => {
  it.each(PUBLIC)('%s answers 405 and what it allows', async (path, allow) => {
    for (const method of others(allow)) {
      const answer = await service.request(method, path, { headers: { authorization: 'Bearer nonsense' } });
      expect([method, answer.status, answer.body]).toEqual([
        method,
        405,
        { detail: `Method "${method}" not allowed.` },
      ]);
      expect(answer.headers.get('allow')).toBe(allow);
    }
    expect((await service.request('HEAD', path)).status).toBe(405);
  });

  it.each(PROTECTED)('%s asks who is calling first', async (path, allow) => {
    for (const method of others(allow)) {
      const stranger = await service.request(method, path);
      expect([stranger.status, stranger.body]).toEqual([
        401,
        { detail: 'Authentication credentials were not provided.' },
      ]);
      const answer = await service.request(method, path, { token: member.access });
      expect([answer.status, answer.body]).toEqual([405, { detail: `Method "${method}" not allowed.` }]);
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });

  it.each([...PUBLIC, ...PROTECTED])('%s tells its methods to OPTIONS', async (path, allow) => {
    const answer = await service.request('OPTIONS', path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, allow]);
  });
});

describe('paths', () => {
  it.each([...PUBLIC, ...PROTECTED])('%s ends with a slash or without, and nothing redirects', async (path, allow) => {
    const method = allow.startsWith('GET') ? 'GET' : 'POST';
    const options = { token: member.access, ...(method === 'GET' ? {} : { body: {} }) };
    const slashed = await service.request(method, path, options);
    const bare = await service.request(method, path.slice(0, -1), options);
    expect([bare.status, bare.body]).toEqual([slashed.status, slashed.body]);
    expect([200, 400]).toContain(bare.status);
  });

  it.each([
    '/accounts/',
    '/accounts/api/',
    '/accounts/api/nothing/',
    '/Accounts/api/dashboard/',
    '/accounts/api/Dashboard/',
    '/accounts/api//dashboard/',
    '/accounts/api/verify/token/MQ/',
    '/accounts/api/verify/token/MQ/token/more/',
  ])('%s is not one of them', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await service.request(method, path, { token: member.access });
      expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
    }
  });

  it('that are malformed or endless are refused without a fuss', async () => {
    for (const part of ['%zz', '%c3%28', 'x'.repeat(1_025), 'x'.repeat(8_000)]) {
      const answer = await service.request('POST', `/accounts/api/verify/token/MQ/${part}/`);
      expect([part.length, [400, 404, 414].includes(answer.status)]).toEqual([part.length, true]);
      expect(answer.body).toHaveProperty('detail');
    }
  });
});

describe('bodies', () => {
  it.each(READING)('%s refuses what cannot be read, as the framework does', async (path) => {
    const refused: [unknown, Record<string, string>, number, object][] = [
      [
        '<a/>',
        { 'content-type': 'application/xml' },
        415,
        { detail: 'Unsupported media type "application/xml" in request.' },
      ],
      ['x', { 'content-type': 'text/plain' }, 415, { detail: 'Unsupported media type "text/plain" in request.' }],
      ['x', {}, 400, { detail: 'JSON parse error - Expecting value: line 1 column 1 (char 0)' }],
      ['{"a":}', {}, 400, { detail: 'JSON parse error - Expecting value: line 1 column 6 (char 5)' }],
      [[], {}, 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
      ['"x"', {}, 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }],
      ['7', {}, 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] }],
      ['null', {}, 400, { non_field_errors: ['No data provided'] }],
    ];
    for (const [body, headers, status, expected] of refused) {
      const answer = await service.request('POST', path, { token: member.access, body, headers });
      expect([body, answer.status, answer.body]).toEqual([body, status, expected]);
    }
    // The one that takes pictures takes more.
    const body = { x: 'x'.repeat(path.includes('update/profile') ? 9_000_000 : 300_000) };
    const large = await service.request('POST', path, { token: member.access, body });
    expect(large.status).toBe(413);
  });

  it.each(READING)('%s answers 4xx to values of every type in every field', async (path) => {
    const fields = ['username', 'email', 'password', 'confirm_password', 'verification_base_url', 'old_password'];
    fields.push('new_password', 'refresh', 'refresh_token', 'country', 'bio', 'profile_img');
    const values = [0, -1.5, 1e308, true, false, null, [], {}, [[]], { a: 1 }, '', '\0', '\ud800', 'x'.repeat(10_000)];
    for (const value of values) {
      const body = Object.fromEntries(fields.map((field) => [field, value]));
      const { status } = await service.request('POST', path, { token: member.access, body });
      const isProfile = path.includes('update/profile');
      // A number is a text to the framework, and an empty text is a fine profile.
      const expected = isProfile && value === '' ? [200] : [400, 401];
      expect([path, value, expected.includes(status)]).toEqual([path, value, true]);
    }
  });
});

describe('headers', () => {
  it('that accept nothing we answer with are refused', async () => {
    for (const [path, allow] of [...PUBLIC, ...PROTECTED]) {
      const method = allow.startsWith('GET') ? 'GET' : 'POST';
      const answer = await service.request(method, path, { headers: { accept: 'application/xml' } });
      expect([path, answer.status, answer.body]).toEqual([
        path,
        406,
        { detail: 'Could not satisfy the request Accept header.' },
      ]);
    }
  });

  it('of every answer keep it from caches, sniffers and frames', async () => {
    for (const [method, path] of [
      ['GET', '/accounts/api/dashboard/'],
      ['POST', '/accounts/api/login/'],
      ['POST', '/accounts/api/verify/token/MQ/token/'],
      ['GET', '/accounts/api/spectacular/'],
      ['GET', '/accounts/api/nothing'],
    ] as const) {
      const { headers } = await service.request(method, path, {
        token: member.access,
        headers: { origin: 'https://app.example.com' },
      });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    }
  });
});
