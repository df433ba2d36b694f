import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CODE_ATTEMPTS, OneTimeTokensService, type Purpose } from '../../src/tokens/one-time-tokens.service.js';
import { join } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

let service: Service;
let tokens: OneTimeTokensService;
let dataSource: DataSource;
beforeAll(async () => {
  service = await startService();
  tokens = service.get(OneTimeTokensService);
  dataSource = service.get(DataSource);
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const PURPOSES: Purpose[] = [
  'verify_email',
  'reset_password',
  'reset_code',
  'reset_session',
  'reset_email',
  'confirm_email',
];

async function account(): Promise<number> {
  const { user } = await join(service);
  const [row] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [user.email]);
  return row!.id;
}

const issue = (userId: number, purpose: Purpose, life = 600): Promise<string> =>
  dataSource.transaction((tx) => tokens.issue({ userId, purpose, address: 'a@example.com', life }, tx));
const issueCode = (userId: number, life = 600): Promise<string> =>
  dataSource.transaction((tx) =>
    tokens.issueCode({ userId, purpose: 'reset_code', address: 'a@example.com', life }, tx),
  );
const redeem = (secret: string, purpose: Purpose): Promise<boolean> =>
  dataSource.transaction(async (tx) => (await tokens.redeem(secret, purpose, tx)) !== undefined);
const guess = (userId: number, code: string): Promise<boolean> =>
  dataSource.transaction((tx) => tokens.redeemCode(userId, 'reset_code', code, tx));
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

describe('a secret', () => {
  it('is 128 random bits, and only its hash is stored', async () => {
    const userId = await account();
    const secret = await issue(userId, 'reset_password');
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    const [row] = await service.sql<{ row: string }>(
      'SELECT t::text AS row FROM one_time_tokens t WHERE user_id = $1 AND used_at IS NULL',
      [userId],
    );
    expect(row?.row).not.toContain(secret);
    expect(row?.row).not.toContain(Buffer.from(secret).toString('hex'));
  });

  it('is good once', async () => {
    const secret = await issue(await account(), 'reset_password');
    expect(await redeem(secret, 'reset_password')).toBe(true);
    expect(await redeem(secret, 'reset_password')).toBe(false);
    expect((await tokens.peek(secret, 'reset_password'))?.state).toBe('used');
  });

  it('is good for its purpose only', async () => {
    const userId = await account();
    for (const made of PURPOSES) {
      const secret = await issue(userId, made);
      for (const other of PURPOSES.filter((purpose) => purpose !== made)) {
        expect(await redeem(secret, other)).toBe(false);
        expect(await tokens.peek(secret, other)).toBeNull();
      }
      expect(await redeem(secret, made)).toBe(true);
    }
  });

  it('dies when a newer one of its purpose is made, and not when one of another is', async () => {
    const userId = await account();
    const [first, other] = [await issue(userId, 'reset_password'), await issue(userId, 'verify_email')];
    const second = await issue(userId, 'reset_password');
    expect(await redeem(first, 'reset_password')).toBe(false);
    expect(await redeem(other, 'verify_email')).toBe(true);
    expect(await redeem(second, 'reset_password')).toBe(true);
  });

  it('dies at its time, to the second', async () => {
    const secret = await issue(await account(), 'reset_password', 60);
    later(59);
    expect((await tokens.peek(secret, 'reset_password'))?.state).toBe('live');
    later(1);
    expect((await tokens.peek(secret, 'reset_password'))?.state).toBe('expired');
    expect(await redeem(secret, 'reset_password')).toBe(false);
  });

  it('counts as unused when the transaction that used it fails', async () => {
    const secret = await issue(await account(), 'reset_password');
    await expect(
      dataSource.transaction(async (tx) => {
        await tokens.redeem(secret, 'reset_password', tx);
        throw new Error('later in the same story');
      }),
    ).rejects.toThrow();
    expect(await redeem(secret, 'reset_password')).toBe(true);
  });

  it.skipIf(isEmbedded)('is good for one of sixteen who use it at once, two hundred times', async () => {
    const userId = await account();
    for (let round = 0; round < 200; round += 1) {
      const secret = await issue(userId, 'verify_email');
      const outcomes = await Promise.all(Array.from({ length: 16 }, () => redeem(secret, 'verify_email')));
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    }
  });

  it.skipIf(isEmbedded)('made by many at once leaves one that is good', async () => {
    const userId = await account();
    const secrets = await Promise.all(Array.from({ length: 12 }, () => issue(userId, 'reset_password')));
    const outcomes = await Promise.all(secrets.map((secret) => redeem(secret, 'reset_password')));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });
});

describe('a code', () => {
  it('has six digits, and the table alone does not tell which', async () => {
    const userId = await account();
    const codes = new Set<string>();
    for (let time = 0; time < 40; time += 1) codes.add(await issueCode(userId));
    for (const code of codes) expect(code).toMatch(/^\d{6}$/);
    expect(codes.size).toBeGreaterThan(35);
  });

  it('is good once, for its account only', async () => {
    const [userId, other] = [await account(), await account()];
    const code = await issueCode(userId);
    await issueCode(other);
    expect(await guess(userId, code)).toBe(true);
    expect(await guess(userId, code)).toBe(false);
  });

  it('survives four wrong guesses and not five', async () => {
    const userId = await account();
    const lucky = await issueCode(userId);
    for (let time = 1; time < CODE_ATTEMPTS; time += 1) expect(await guess(userId, wrong(lucky))).toBe(false);
    expect(await guess(userId, lucky)).toBe(true);

    const unlucky = await issueCode(userId);
    for (let time = 1; time <= CODE_ATTEMPTS; time += 1) expect(await guess(userId, wrong(unlucky))).toBe(false);
    expect(await guess(userId, unlucky)).toBe(false);

    const fresh = await issueCode(userId);
    expect(await guess(userId, fresh)).toBe(true);
  });

  it('dies at its time', async () => {
    const userId = await account();
    const code = await issueCode(userId, 600);
    later(600);
    expect(await guess(userId, code)).toBe(false);
  });

  it.skipIf(isEmbedded)('is evaluated five times at the most, however many guess at once', async () => {
    const userId = await account();
    for (let round = 0; round < 10; round += 1) {
      const code = await issueCode(userId);
      const guesses = Array.from({ length: 60 }, (_, index) => (index === 30 ? code : String(index).padStart(6, '9')));
      const outcomes = await Promise.all(guesses.map((it) => guess(userId, it)));
      const [row] = await service.sql<{ attempts: number }>(
        `SELECT attempts FROM one_time_tokens WHERE user_id = $1 AND purpose = 'reset_code' ORDER BY created_at DESC LIMIT 1`,
        [userId],
      );
      expect(row?.attempts).toBeLessThanOrEqual(CODE_ATTEMPTS);
      expect(outcomes.filter(Boolean).length).toBeLessThanOrEqual(1);
    }
  });
});

it('secrets long past their life are purged', async () => {
  const userId = await account();
  const [old, live] = [await issue(userId, 'reset_password'), await issue(userId, 'verify_email')];
  await service.sql(
    `UPDATE one_time_tokens SET expires_at = now() - interval '25 hours' WHERE user_id = $1 AND purpose = 'reset_password'`,
    [userId],
  );
  await tokens.purge();
  expect(await tokens.peek(old, 'reset_password')).toBeNull();
  expect(await tokens.peek(live, 'verify_email')).not.toBeNull();
});
