import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PasswordHasher } from '../../src/platform/crypto/password-hasher.js';
import { join, login, PASSWORD, type LoginBody } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
let person: LoginBody;
beforeAll(async () => {
  service = await startService({ ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' });
  person = await join(service);
});
afterAll(() => service.close());

const LIMIT = availableParallelism() * 51;

it('past the budget of hashes a login is told to come back, the others get in, and the rest of the service goes on', async () => {
  const attempts = Array.from({ length: LIMIT + 40 }, () => login(service, person.user.email));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const me = await service.request('GET', '/api/auth/me/', { token: person.access });
  expect(me.status).toBe(200);
  const answers = await Promise.all(attempts);
  delay.disable();
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThanOrEqual(40);
  for (const { status, body, headers } of refused) {
    expect(body).toEqual({ detail: 'Service temporarily unavailable, try again later.' });
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('2');
  }
  expect((await login(service, person.user.email)).status).toBe(200);
});

it('at most as many hashes run at once as there are cores', async () => {
  const hasher = service.get(PasswordHasher);
  const [row] = await service.sql<{ password_hash: string }>('SELECT password_hash FROM users');
  const done: number[] = [];
  const began = performance.now();
  const count = availableParallelism() * 4;
  await Promise.all(
    Array.from({ length: count }, async () => {
      await hasher.verify(row!.password_hash, PASSWORD);
      done.push(performance.now() - began);
    }),
  );
  const single = done[0]!;
  // With all of them at once the first would be done when the last is.
  expect(done.at(-1)! / single).toBeGreaterThan(2);
});

it('an unknown account costs as much work as a known one', async () => {
  const hasher = service.get(PasswordHasher);
  const [row] = await service.sql<{ password_hash: string }>('SELECT password_hash FROM users');
  const time = async (hash: string | null): Promise<number> => {
    const began = performance.now();
    await hasher.verify(hash, 'some wrong password');
    return performance.now() - began;
  };
  const median = (values: number[]): number =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    known.push(await time(row!.password_hash));
    unknown.push(await time(null), await time('$bcrypt$not-known-here'));
  }
  expect(median(unknown)).toBeGreaterThan(median(known) * 0.5);
});
