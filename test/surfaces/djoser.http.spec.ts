import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrive, type Person } from '../support/djoser.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
let person: Person;
let own: string;
beforeAll(async () => {
  service = await startService();
  person = await arrive(service);
  own = `/auth/users/${person.user.id}/`;
});
afterAll(() => service.close());

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const PUBLIC = [
  'users/activation',
  'users/resend_activation',
  'users/reset_password',
  'users/reset_password_confirm',
  'users/reset_email',
  'users/reset_email_confirm',
  'jwt/create',
  'jwt/refresh',
  'jwt/verify',
].map((path) => `/auth/${path}/`);

const PROTECTED = [
  ['/auth/users/me/', 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
  ['/auth/users/1/', 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
  ['/auth/users/set_password/', 'POST, OPTIONS'],
  ['/auth/users/set_email/', 'POST, OPTIONS'],
] as const;

const NOT_AUTHENTICATED = { detail: 'Authentication credentials were not provided.' };

const send = (method: string, path: string, body?: unknown): Promise<Answered> =>
  service.request(method, path, { token: person.access, ...(body === undefined ? {} : { body }) });

describe('methods that a path does not have', () => {
  it.each(PUBLIC)('%s answers 405, whoever asks', async (path) => {
    for (const method of METHODS.filter((it) => it !== 'POST')) {
      for (const headers of [{}, { authorization: 'JWT nonsense' }]) {
        const answer = await service.request(method, path, { headers: headers as Record<string, string> });
        expect([answer.status, answer.body]).toEqual([405, { detail: `Method "${method}" not allowed.` }]);
        expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
      }
    }
  });

  it.each([...PROTECTED, ['/auth/users/', 'GET, POST, HEAD, OPTIONS'] as const])(
    '%s asks who is calling first',
    async (path, allow) => {
      for (const method of METHODS.filter((it) => !allow.split(', ').includes(it))) {
        const stranger = await service.request(method, path);
        expect([stranger.status, stranger.body]).toEqual([401, NOT_AUTHENTICATED]);
        expect(stranger.headers.get('www-authenticate')).toBe('JWT realm="api"');
        const answer = await send(method, path);
        expect([answer.status, answer.body]).toEqual([405, { detail: `Method "${method}" not allowed.` }]);
        expect(answer.headers.get('allow')).toBe(allow);
      }
      expect((await service.request('OPTIONS', path)).status).toBe(401);
      expect((await send('OPTIONS', path)).headers.get('allow')).toBe(allow);
    },
  );

  it('protected ones are refused before a body is read', async () => {
    for (const [path, allow] of PROTECTED) {
      for (const method of METHODS.filter((it) => it !== 'GET' && allow.split(', ').includes(it))) {
        const answer = await service.request(method, path, { body: '{broken' });
        expect([answer.status, answer.body]).toEqual([401, NOT_AUTHENTICATED]);
      }
    }
    expect((await service.request('GET', '/auth/users/')).body).toEqual(NOT_AUTHENTICATED);
  });

  it('HEAD is GET without the body', async () => {
    for (const path of ['/auth/users/', '/auth/users/me/', own]) {
      expect([(await send('HEAD', path)).status, (await send('HEAD', path)).body]).toEqual([200, '']);
      expect((await service.request('HEAD', path)).status).toBe(401);
    }
    for (const path of PUBLIC) expect((await service.request('HEAD', path)).status).toBe(405);
  });
});

describe('paths', () => {
  it('end with a slash or without, and nothing redirects', async () => {
    for (const path of [...PUBLIC, '/auth/users/']) {
      const answer = await service.request('POST', path.slice(0, -1), { body: {} });
      expect([path, answer.status]).toEqual([path, 400]);
    }
    for (const path of ['/auth/users', '/auth/users/me', own.slice(0, -1)]) {
      expect((await send('GET', path)).status).toBe(200);
    }
    for (const path of ['/auth/users/set_password', '/auth/users/set_email']) {
      expect((await send('POST', path, {})).status).toBe(400);
    }
  });

  it.each([
    '/auth/',
    '/auth/jwt/',
    '/auth/jwt/create/foo/',
    '/auth/token/login/',
    '/auth/users/me/x/',
    '/Auth/users/me/',
    '/auth/activate/MQ/c3g3vj/',
    '/auth/password/reset/MQ/c3g3vj/',
  ])('%s is not one of them', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await send(method, path);
      expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
    }
  });
});

describe('bodies', () => {
  const ROUTES: [string, string][] = [
    ['POST', '/auth/users/'],
    ...PUBLIC.map((path): [string, string] => ['POST', path]),
    ['PUT', '/auth/users/me/'],
    ['PATCH', '/auth/users/me/'],
    ['DELETE', '/auth/users/me/'],
    ['POST', '/auth/users/set_password/'],
    ['POST', '/auth/users/set_email/'],
  ];

  it.each(ROUTES)('%s %s reads objects only, in the media types it knows', async (method, path) => {
    const answers = (body: string, type = 'application/json'): Promise<Answered> =>
      service.request(method, path, { token: person.access, body, headers: { 'content-type': type } });
    for (const [body, expected] of [
      ['[1]', { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
      ['"x"', { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }],
      ['null', { non_field_errors: ['No data provided'] }],
      [
        '{',
        { detail: 'JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)' },
      ],
    ] as const) {
      const answer = await answers(body);
      expect([answer.status, answer.body]).toEqual([400, expected]);
    }
    const text = await answers('x', 'text/plain');
    expect([text.status, text.body]).toEqual([415, { detail: 'Unsupported media type "text/plain" in request.' }]);
    const broken = await answers('x', 'multipart/form-data; boundary=y');
    expect(broken.status).toBe(400);
    const none = await service.request(method, path, { token: person.access });
    expect(['PUT', 'PATCH'].includes(method) ? 200 : 400).toBe(none.status);
  });

  it('are answered by what is wrong with them, whatever a field holds', async () => {
    const fields = [
      'email name password re_password current_password new_password re_new_password',
      'new_email re_new_email uid token refresh id',
    ].flatMap((names) => names.split(' '));
    const values = [
      0,
      1.5,
      1e300,
      true,
      false,
      null,
      [],
      [[]],
      {},
      { a: 1 },
      '\0',
      '\ud800',
      '\udfff',
      'x'.repeat(10_000),
    ];
    for (const [method, path] of ROUTES) {
      for (const value of values) {
        const body = Object.fromEntries(fields.map((field) => [field, value]));
        const answer = await send(method, path, body);
        const isKnown = answer.status === 400 || answer.status === 401 || answer.status === 200;
        expect([method, path, JSON.stringify(value).slice(0, 20), answer.status, isKnown]).toEqual([
          method,
          path,
          JSON.stringify(value).slice(0, 20),
          answer.status,
          true,
        ]);
      }
    }
    expect((await send('GET', '/auth/users/me/')).status).toBe(200);
  });
});

describe('the Accept header', () => {
  it('that cannot be satisfied is refused before anything else', async () => {
    for (const path of ['/auth/users/me/', '/auth/jwt/create/']) {
      const answer = await service.request('GET', path, { headers: { accept: 'application/xml' } });
      expect([answer.status, answer.body]).toEqual([406, { detail: 'Could not satisfy the request Accept header.' }]);
    }
  });
});

it('answers are not kept', async () => {
  for (const [method, path] of [
    ['GET', '/auth/users/me/'],
    ['POST', '/auth/jwt/create/'],
    ['GET', '/auth/nothing/'],
  ] as const) {
    expect((await send(method, path)).headers.get('cache-control')).toBe('no-store');
  }
});
