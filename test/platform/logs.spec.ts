import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { HttpAdapterHost } from '@nestjs/core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { askForReset, join, login, register } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

const lines: string[] = [];
let service: Service;
beforeAll(async () => {
  service = await startService({ LOG_LEVEL: 'trace' }, { log: { write: (line: string) => void lines.push(line) } });
});
afterAll(() => service.close());

it('an upload that breaks off is not taken for a fault of ours', async () => {
  const before = lines.length;
  const { port } = new URL(service.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    'POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{',
  );
  const server = service.get(HttpAdapterHost).httpAdapter.getHttpServer() as Server;
  await once(server, 'request');
  socket.destroy();
  await vi.waitFor(() => expect(lines.slice(before).some((line) => line.includes('did not arrive'))).toBe(true));
  expect(lines.slice(before).filter((line) => /"level":"(?:warn|error)"/.test(line))).toEqual([]);
});

it('log lines are JSON, join by request id, and hold no secret, no address and no token', async () => {
  const person = await join(service, 'canary-address@example.com', {
    username: 'canary-username',
    first_name: 'canary-first',
    last_name: 'canary-last',
    phone_number: 'canary-phone',
    password: 'canary-password-1',
    confirm_password: 'canary-password-1',
  });
  const reset = await askForReset(service, person.user.email);
  await login(service, person.user.email, 'canary-wrong-password');
  const verified = await service.request('GET', `/api/auth/verify-email/?token=${reset}&canary-query=1`);
  await service.request('GET', '/account/reset-password?token=canary-page-token');
  await service.request('GET', '/canary-path/x?canary-query=2');
  await service.request('GET', '/api/auth/me/', { token: 'canary-token' });
  await service.request('POST', '/api/auth/register/', { body: '{"email": "canary-broken' });
  const { body: pair } = await service.request<{ access: string; refresh: string }>(
    'POST',
    '/api/auth/token/refresh/',
    {
      body: { refresh: person.refresh },
      headers: { 'x-request-id': 'a-request-to-find', 'user-agent': 'canary-agent' },
    },
  );
  // A statement that fails carries its values; they stay out of the log, too.
  await service.sql('ALTER TABLE users ADD CONSTRAINT broken CHECK (first_name <> $$canary-fails$$) NOT VALID');
  const failed = await register(service, 'canary-fails@example.com', { first_name: 'canary-fails' });
  expect(failed.status).toBe(500);

  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const text = lines.filter((line) => !line.includes('Server listening')).join('');
  const secrets = [
    'canary',
    'example.com',
    person.access,
    person.refresh,
    pair.access,
    pair.refresh,
    reset,
    person.access.split('.')[2]!,
    '127.0.0.1',
    'argon2id$',
  ];
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  expect(verified.status).toBe(400);

  const found = parsed.filter((line) => line.requestId === 'a-request-to-find');
  expect(found).toMatchObject([
    { level: 'info', msg: 'request', method: 'POST', route: '/api/auth/token/refresh', status: 200 },
  ]);
  expect(parsed).toContainEqual(expect.objectContaining({ msg: 'request', route: null, status: 404 }));
  const bug = parsed.find((line) => line.level === 'error');
  expect(bug).toMatchObject({ msg: 'unexpected error', requestId: failed.headers.get('x-request-id') });
  for (const line of parsed)
    expect(line).toMatchObject({ level: expect.any(String) as string, time: expect.any(String) as string });
});
