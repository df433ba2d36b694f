import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Statements, type Statement } from '../platform/database/statements.js';
import { FAMILIAR_DAYS, type Layer } from './limit-table.js';

/** One layer of one attempt. */
export interface Slot {
  readonly key: Buffer;
  /** The place of its layer in the table: rows are locked in this order. */
  readonly rank: number;
  readonly layer: Layer;
}

/** What came of counting: where it was counted, or the milliseconds until it would be. */
export type Taken = { where: 'database' | 'memory' } | { wait: number };

/** Milliseconds until what was given back is written, if no further attempt takes it along. */
const SETTLE_MS = 1_000;

/** Milliseconds that a count may take, and that a store that failed is left alone. */
const PATIENCE_MS = 1_000;
const PAUSE_MS = 5_000;

const TAKE: Statement = {
  name: 'limits-take',
  text: `SELECT refused_at AS "refusedAt", refused_until AS "refusedUntil"
         FROM take_rate_limits($1, $2, $3, $4, $5, $6, $7)`,
};

const SETTLE: Statement = { name: 'limits-settle', text: `SELECT settle_rate_limits($1, $2, $3, $4, $5)` };

const PURGE: Statement = {
  name: 'limits-purge',
  text: `DELETE FROM rate_limits WHERE expires_at < $1 RETURNING 1`,
};

/**
 * Counts attempts in PostgreSQL, for all instances together. While that fails or is slow, each instance counts in its
 * own memory, to the same limits.
 */
@Injectable()
export class LimitStore implements BeforeApplicationShutdown {
  private readonly logger = new Logger(LimitStore.name);
  private readonly memory = new Map<string, RateLimiterMemory>();
  private readonly returned = new Map<string, { slot: Slot; count: number }>();
  private familiar = new Map<string, Buffer>();
  private timer: NodeJS.Timeout | undefined;
  private pausedUntil = 0;

  constructor(private readonly statements: Statements) {}

  /**
   * Counts an attempt in every slot, or in none. Where `familiar` is marked, slots of the scope `person` are left out.
   */
  async take(slots: readonly Slot[], familiar: Buffer): Promise<Taken> {
    if (performance.now() < this.pausedUntil) return this.takeInMemory(slots);
    const counting = this.takeInDatabase(slots, familiar);
    try {
      return await inTime(counting);
    } catch (error) {
      if (performance.now() >= this.pausedUntil) this.logger.warn(`attempts are counted in memory: ${String(error)}`);
      this.pausedUntil = performance.now() + PAUSE_MS;
      return this.takeInMemory(slots);
    }
  }

  /** In the database, it is written with the next count of the same slots, or within a second. */
  async giveBack(slots: readonly Slot[], where: 'database' | 'memory'): Promise<void> {
    for (const slot of slots) {
      if (where === 'database') this.deposit(slot, 1);
      else await this.limiter(slot.layer).reward(nameOf(slot));
    }
  }

  markFamiliar(familiar: Buffer): void {
    this.familiar.set(familiar.toString('base64'), familiar);
    this.settleSoon();
  }

  /** Answers how many windows that are over went. */
  async purge(): Promise<number> {
    return (await this.statements.run(PURGE, [new Date()])).length;
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.settle();
  }

  private async takeInDatabase(slots: readonly Slot[], familiar: Buffer): Promise<Taken> {
    const now = new Date();
    const credits = slots.map((slot) => this.withdraw(slot));
    const [answer] = await this.statements
      .run<{ refusedAt: number | null; refusedUntil: Date | null }>(TAKE, [
        slots.map(({ key }) => key),
        slots.map(({ layer }) => layer.most),
        slots.map(({ layer }) => layer.seconds),
        credits,
        slots.map(({ layer }) => layer.scope === 'person'),
        familiar,
        now,
      ])
      .catch((error: unknown) => {
        for (const [index, slot] of slots.entries()) this.deposit(slot, credits[index] ?? 0);
        throw error;
      });
    const refusedAt = answer?.refusedAt ?? null;
    if (refusedAt === null) return { where: 'database' };
    // Wider slots were not come to.
    for (const [index, slot] of slots.entries()) if (index > refusedAt) this.deposit(slot, credits[index] ?? 0);
    return { wait: (answer?.refusedUntil ?? now).getTime() - now.getTime() };
  }

  private deposit(slot: Slot, count: number): void {
    if (count === 0) return;
    const name = nameOf(slot);
    this.returned.set(name, { slot, count: (this.returned.get(name)?.count ?? 0) + count });
    this.settleSoon();
  }

  private withdraw(slot: Slot): number {
    const name = nameOf(slot);
    const count = this.returned.get(name)?.count ?? 0;
    this.returned.delete(name);
    return count;
  }

  private async takeInMemory(slots: readonly Slot[]): Promise<Taken> {
    const taken: Slot[] = [];
    for (const slot of slots) {
      try {
        await this.limiter(slot.layer).consume(nameOf(slot));
        taken.push(slot);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        for (const { layer, ...before } of taken) await this.limiter(layer).reward(nameOf(before));
        return { wait: refusal.msBeforeNext };
      }
    }
    return { where: 'memory' };
  }

  private limiter({ most: points, seconds: duration }: Layer): RateLimiterMemory {
    const keyPrefix = `${points}/${duration}`;
    let limiter = this.memory.get(keyPrefix);
    if (limiter === undefined) {
      limiter = new RateLimiterMemory({ keyPrefix, points, duration });
      this.memory.set(keyPrefix, limiter);
    }
    return limiter;
  }

  private settleSoon(): void {
    this.timer ??= globalThis
      .setTimeout(() => {
        this.timer = undefined;
        void this.settle();
      }, SETTLE_MS)
      .unref();
  }

  private async settle(): Promise<void> {
    const returned = [...this.returned.values()].toSorted(
      ({ slot: one }, { slot: other }) => one.rank - other.rank || Buffer.compare(one.key, other.key),
    );
    const familiar = [...this.familiar].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, key]) => key);
    if (returned.length === 0 && familiar.length === 0) return;
    this.returned.clear();
    this.familiar = new Map();
    const values = [
      returned.map(({ slot }) => slot.key),
      returned.map(({ count }) => count),
      familiar,
      new Date(Date.now() + FAMILIAR_DAYS * 86_400_000),
      new Date(),
    ];
    await this.statements
      .run(SETTLE, values)
      .catch((error: unknown) => this.logger.warn(`attempts that succeeded stay counted: ${String(error)}`));
  }
}

function nameOf({ key }: Pick<Slot, 'key'>): string {
  return key.toString('base64');
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = setTimeout(PATIENCE_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${PATIENCE_MS} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    for (const loser of [work, late]) loser.catch(() => undefined);
  }
}
