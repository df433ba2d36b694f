import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { join, login, PASSWORD, type LoginBody } from '../support/people.js';
import {
  createDatabase,
  isEmbedded,
  startService,
  type Answered,
  type Service,
  type TestDatabase,
} from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const unavailable = { detail: 'Service temporarily unavailable, try again later.' };

describe.skipIf(isEmbedded)('a database that cannot be reached', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let service: Service;
  let person: LoginBody;
  beforeAll(async () => {
    database = await createDatabase();
    proxy = await new TcpProxy(new URL(database.variables.DATABASE_URL ?? '')).open();
    service = await startService({ DATABASE_URL: proxy.url }, { database });
    person = await join(service);
  });
  afterAll(async () => {
    await service.close();
    await proxy.cut();
    await database.drop();
  });

  const requests = (): Promise<Answered>[] => [
    service.request('GET', '/api/auth/me/', { token: person.access }),
    service.request('POST', '/api/auth/login/', { body: { email: person.user.email, password: PASSWORD } }),
    service.request('POST', '/api/auth/token/refresh/', { body: { refresh: person.refresh } }),
    service.request('POST', '/api/auth/password-reset/', { body: { email: person.user.email } }),
    service.request('POST', '/api/auth/register/', {
      body: { email: 'new@example.com', password: PASSWORD, confirm_password: PASSWORD },
    }),
  ];

  async function expectUnavailable(withinMs: number): Promise<void> {
    const began = performance.now();
    for (const answer of await Promise.all(requests())) {
      expect(answer.body).toEqual(unavailable);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect(performance.now() - began).toBeLessThan(withinMs);
    const ready = await service.request('GET', '/health/ready');
    expect([ready.status, ready.body]).toEqual([503, { status: 'unavailable', reason: 'database' }]);
    expect((await service.request('GET', '/health/live')).status).toBe(200);
  }

  async function expectRecovery(): Promise<void> {
    await vi.waitFor(async () => expect((await service.request('GET', '/health/ready')).status).toBe(200), {
      timeout: 10_000,
    });
    expect((await service.request('GET', '/api/auth/me/', { token: person.access })).status).toBe(200);
    expect((await login(service, person.user.email)).status).toBe(200);
  }

  it('is told at once when connections are refused, and forgotten when they are not', async () => {
    await proxy.cut();
    await expectUnavailable(5_000);
    await proxy.open();
    await expectRecovery();
  });

  it('is told within seconds when it only goes silent', async () => {
    proxy.freeze(true);
    await expectUnavailable(12_000);
    proxy.freeze(false);
    await expectRecovery();
  }, 40_000);

  it('leaves a refresh token good that it could not exchange', async () => {
    await proxy.cut();
    expect(
      (await service.request('POST', '/api/auth/token/refresh/', { body: { refresh: person.refresh } })).status,
    ).toBe(503);
    await proxy.open();
    await expectRecovery();
    expect(
      (await service.request('POST', '/api/auth/token/refresh/', { body: { refresh: person.refresh } })).status,
    ).toBe(200);
  });

  it('does not keep mail from going out once it is back', async () => {
    await service.request('POST', '/api/auth/password-reset/', { body: { email: person.user.email } });
    expect((await service.smtp.next(person.user.email, 2)).subject).toBe('Reset your password');
  });
});
