import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeProtectedHeader } from 'jose';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { KeyRotationService } from '../../src/tokens/key-rotation.service.js';
import { KeyStore } from '../../src/tokens/key-store.js';
import { join, login, someone, type LoginBody } from '../support/people.js';
import { createDatabase, isEmbedded, startService, type Service } from '../support/service.js';

/** The cache period and a look of every instance at the database. */
const LEAD = 305;

let service: Service;
let store: KeyStore;
let ring: KeyRing;
beforeEach(async () => {
  service = await startService();
  store = service.get(KeyStore);
  ring = service.get(KeyRing);
});
afterEach(async () => {
  vi.useRealTimers();
  await service.close();
});

const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};
const me = async (token: string): Promise<number> => (await service.request('GET', '/api/auth/me/', { token })).status;
const refresh = (token: string): ReturnType<typeof service.request<LoginBody>> =>
  service.request<LoginBody>('POST', '/api/auth/token/refresh/', { body: { refresh: token } });
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
const published = async (): Promise<string[]> => {
  const { body } = await service.request<{ keys: { kid: string }[] }>('GET', '/.well-known/jwks.json');
  return body.keys.map(({ kid }) => kid);
};
const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await store.report()).map(({ kid, state }) => [kid, state]));
const sealed = (kid: string): Promise<unknown[]> =>
  service.sql('SELECT FROM signing_keys WHERE kid = $1 AND sealed_private_key IS NOT NULL', [kid]);

describe('a rotation', () => {
  it('publishes the next key a cache period before it signs, and keeps the old one as long as its tokens', async () => {
    const email = someone();
    const before = await join(service, email);
    const old = ring.signing.kid;
    const { kid: next, isNew } = await store.rotate();
    expect(isNew).toBe(true);
    await ring.reload();
    expect(await states()).toEqual({ [old]: 'signing', [next]: 'next' });
    expect(await published()).toEqual([old, next]);
    expect(kidOf((await login(service, email)).body.access)).toBe(old);

    later(LEAD - 2);
    expect(kidOf((await login(service, email)).body.access)).toBe(old);
    later(3);
    // Nobody told it: the clock did.
    const after = await login(service, email);
    expect(kidOf(after.body.access)).toBe(next);
    expect(await states()).toEqual({ [old]: 'verifying', [next]: 'signing' });
    expect(await published()).toEqual([old, next]);
    expect(await me(before.access)).toBe(200);
    expect(kidOf((await refresh(before.refresh)).body.access)).toBe(next);

    later(120);
    expect(await store.retireOutlived()).toEqual([]);
    expect(await sealed(old)).toEqual([]);
    expect(await sealed(next)).toHaveLength(1);
    later(604_800);
    expect(await store.retireOutlived()).toEqual([old]);
    await ring.reload();
    expect(await published()).toEqual([next]);
    expect(await states()).toEqual({ [old]: 'retired', [next]: 'signing' });
  });

  it('under way is not begun again', async () => {
    const [one, ...others] = await Promise.all([1, 2, 3, 4].map(() => store.rotate()));
    expect(new Set([one, ...others].map((it) => it?.kid)).size).toBe(1);
    expect([one, ...others].filter((it) => it?.isNew)).toHaveLength(1);
    const urgent = await store.rotate(true);
    expect(urgent).toMatchObject({ kid: one?.kid, isNew: false });
    await ring.reload();
    expect(ring.signing.kid).toBe(one?.kid);
  });

  it('comes by itself when the key is old, once, and never where it is turned off', async () => {
    const old = ring.signing.kid;
    const rotation = service.get(KeyRotationService);
    later(89 * 86_400);
    await rotation.run();
    expect(Object.keys(await states())).toEqual([old]);
    later(86_400);
    await Promise.all([rotation.run(), rotation.run(), rotation.run()]);
    const all = await states();
    expect(Object.values(all).toSorted()).toEqual(['next', 'signing']);
    expect(all[old]).toBe('signing');
    await rotation.run();
    expect(Object.keys(await states())).toHaveLength(2);
    const unscheduled = new KeyRotationService(store, { SIGNING_KEY_ROTATION: 0 } as never);
    later(900 * 86_400);
    await unscheduled.run();
    expect(Object.values(await states())).not.toContain('next');
  });
});

describe('a key', () => {
  it('that is revoked verifies nothing from now on, and another one signs', async () => {
    const email = someone();
    const before = await join(service, email);
    const old = ring.signing.kid;
    expect(await store.revoke(old)).toBe('done');
    await vi.waitFor(async () => expect(await me(before.access)).toBe(401), { timeout: 6_000 });
    expect((await refresh(before.refresh)).status).toBe(401);
    expect(await published()).not.toContain(old);
    expect(await sealed(old)).toEqual([]);
    const { body } = await login(service, email);
    expect(kidOf(body.access)).not.toBe(old);
    expect(await me(body.access)).toBe(200);
    expect(await store.revoke(old)).toBe('is_over');
    expect(await store.revoke('nowhere')).toBe('unknown');
  });

  it('that is revoked while its successor waits is followed by that one at once', async () => {
    const old = ring.signing.kid;
    const { kid: next } = await store.rotate();
    await store.revoke(old);
    await ring.reload();
    expect(ring.signing.kid).toBe(next);
    expect(await states()).toEqual({ [old]: 'revoked', [next]: 'signing' });
  });

  it.each(['retire', 'revoke'] as const)('that does not sign yet can be taken back: %s', async (end) => {
    const old = ring.signing.kid;
    const { kid: next } = await store.rotate();
    expect(await store[end](next)).toBe('done');
    later(LEAD + 10);
    await ring.reload();
    expect(ring.signing.kid).toBe(old);
    expect(await published()).toEqual([old]);
    expect((await store.rotate()).isNew).toBe(true);
  });

  it('that signs is not retired; one that is done may be, before its time', async () => {
    const person = await join(service);
    const old = ring.signing.kid;
    expect(await store.retire(old)).toBe('still_signing');
    await store.rotate(true);
    expect(await store.retire(old)).toBe('done');
    await ring.reload();
    expect(await me(person.access)).toBe(401);
    expect(await store.retire(old)).toBe('is_over');
  });
});

describe.skipIf(isEmbedded)('two instances', () => {
  it('accept what the other signed, whoever rotated, without a restart', async () => {
    const database = await createDatabase();
    const one = await startService({}, { database });
    const other = await startService({}, { database, smtp: one.smtp });
    try {
      const person = await join(other);
      for (const isUrgent of [true, false, true]) {
        const { kid } = await one.get(KeyStore).rotate(isUrgent);
        const { keys } = (await other.request<{ keys: { kid: string }[] }>('GET', '/.well-known/jwks.json')).body;
        if (!keys.some((key) => key.kid === kid)) {
          await vi.waitFor(() => expect(other.get(KeyRing).publicKey(kid)).toBeDefined(), { timeout: 2_000 });
        }
      }
      // The other one is deaf, and hears of the key by the token only.
      await other.get(KeyRing).stop();
      await one.get(KeyStore).rotate(true);
      await one.get(KeyRing).reload();
      const { body } = await login(one, person.user.email);
      expect(kidOf(body.access)).toBe(one.get(KeyRing).signing.kid);
      expect((await other.request('GET', '/api/auth/me/', { token: body.access })).status).toBe(200);
    } finally {
      await other.close();
      await one.close();
      await database.drop();
    }
  });
});

describe('SECRET_KEY', () => {
  const old = 'the-old-secret-key-of-this-test-0123456789';
  const next = 'the-new-secret-key-of-this-test-0123456789';

  it('is replaced without losing what was sealed', async () => {
    const database = await createDatabase();
    const first = await startService({ SECRET_KEY: old }, { database });
    const { kid } = first.get(KeyRing).signing;
    await first.close();
    await expect(startService({ SECRET_KEY: next }, { database })).rejects.toThrow('another SECRET_KEY');
    const both = await startService({ SECRET_KEY: next, SECRET_KEY_PREVIOUS: old }, { database });
    expect(both.get(KeyRing).signing.kid).toBe(kid);
    expect(await both.get(KeyStore).reseal()).toBe(1);
    expect(await both.get(KeyStore).reseal()).toBe(0);
    await both.close();
    const second = await startService({ SECRET_KEY: next }, { database });
    expect(second.get(KeyRing).signing.kid).toBe(kid);
    await second.close();
    await database.drop();
  });
});
