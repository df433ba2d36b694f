import { afterEach, expect, it } from 'vitest';
import { join } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
afterEach(() => service.close());

async function recordedAddress(trust: string | undefined, forwarded: string): Promise<unknown> {
  service = await startService({ TRUST_PROXY: trust });
  const { user } = await join(service);
  await service.request('POST', '/api/auth/login/', {
    body: { email: user.email, password: 'strongpassword123' },
    headers: { 'x-forwarded-for': forwarded, 'x-real-ip': '9.9.9.9' },
  });
  const sessions = await service.sql<{ ip: string }>('SELECT ip FROM sessions ORDER BY created_at DESC, id LIMIT 1');
  return sessions[0]?.ip;
}

it('nobody names an address for themselves', async () => {
  expect(await recordedAddress(undefined, '1.2.3.4')).toBe('127.0.0.1');
});

it('one trusted hop names the address before it, and nothing further left is believed', async () => {
  expect(await recordedAddress('1', '6.6.6.6, 1.2.3.4')).toBe('1.2.3.4');
});

it('a trusted network is believed, and what it forwards from others is not', async () => {
  expect(await recordedAddress('127.0.0.0/8', '6.6.6.6, 203.0.113.7')).toBe('203.0.113.7');
});

it('a proxy that is not the trusted one is not believed', async () => {
  expect(await recordedAddress('10.0.0.0/8', '1.2.3.4')).toBe('127.0.0.1');
});
