import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

describe.skipIf(isEmbedded)('in production', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({
      NODE_ENV: 'production',
      RATE_LIMITS: 'on',
      ARGON2_MEMORY_KIB: undefined,
      ARGON2_TIME_COST: undefined,
    });
  });
  afterAll(() => service.close());

  it('there is no inbox', async () => {
    for (const path of ['/dev/inbox', '/dev/inbox.json', '/dev/inbox/1']) {
      const answer = await service.request('GET', path);
      expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
    }
    const { user } = await join(service);
    expect(user.is_active).toBe(true);
    expect(await service.sql('SELECT 1 FROM inbox_mails')).toEqual([]);
  });

  it('hashes are argon2id with 19 MiB and two passes', async () => {
    const { user } = await join(service);
    const [row] = await service.sql<{ password_hash: string }>('SELECT password_hash FROM users WHERE email = $1', [
      user.email,
    ]);
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43}$/);
  });

  it('it is ready, and serves its documents', async () => {
    expect((await service.request('GET', '/health/ready')).body).toEqual({ status: 'ready' });
    expect((await service.request('GET', '/health/live')).body).toEqual({ status: 'live' });
    expect((await service.request('GET', '/docs')).status).toBe(200);
    expect((await service.request<{ openapi: string }>('GET', '/docs/api-auth.json')).body.openapi).toBe('3.0.0');
  });
});
