import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Notifications, type Unlisten } from '../platform/database/notifications.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { SecurityEvent } from './security-event.entity.js';

export type { SecurityEvent };

/** What follows a place in the feed. */
export interface EventsPage {
  events: SecurityEvent[];
  /** Where the next page begins. */
  cursor: string;
  /** Whether there is more already. */
  hasMore: boolean;
}

const CHANNEL = 'ostiary_security_events';

const PAGE_SIZE = 100;

/** Milliseconds between two looks while somebody waits: what is heard may not be visible yet. */
const LOOK_EVERY_MS = 400;

/** Days that events are kept at least; longer where access tokens live longer. */
const KEEP_DAYS = 45;

/**
 * Only transactions that are older than every one under way: what is read here is complete, and nothing will ever be
 * written before it.
 */
const READ: Statement = {
  name: 'security-events-read',
  text: `SELECT id, transaction, event, subject, session_id AS "sessionId", kid, reason, created_at AS "createdAt"
         FROM security_events
         WHERE (transaction, id) > ($1::bigint, $2::bigint)
           AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         ORDER BY transaction, id LIMIT ${PAGE_SIZE + 1}`,
};

const PRESENT: Statement = {
  name: 'security-events-present',
  text: `SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text AS transaction`,
};

const PURGE: Statement = {
  name: 'security-events-purge',
  text: `DELETE FROM security_events
         WHERE created_at < $1::timestamptz - COALESCE((SELECT max(access_ttl) FROM sessions), 0) * interval '1 second'
         RETURNING id`,
};

/** The end of every transaction: ids begin at 1, so nothing is beyond this one. */
const LAST_ID = '9223372036854775807';

/** What makes tokens worthless before they expire: in order, and without a gap for whoever goes on from a cursor. */
@Injectable()
export class SecurityEventsService {
  private unlisten: Unlisten | undefined;
  private readonly waiting = new Set<AbortController>();
  private isStopping = false;

  constructor(
    private readonly statements: Statements,
    private readonly notifications: Notifications,
  ) {}

  /** Hears of events from now on, until `stop`. */
  watch(): void {
    this.unlisten = this.notifications.listen(CHANNEL, () => this.wake());
  }

  /** Lets go of everybody who waits. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.wake();
    await this.unlisten?.();
  }

  /** The cursor after everything that has happened. */
  async present(): Promise<string> {
    const [row] = await this.statements.run<{ transaction: string }>(PRESENT, []);
    return `${row?.transaction ?? '0'}-${LAST_ID}`;
  }

  /** `null` for a cursor that is none of ours: then everything may have happened. */
  async read(after: string): Promise<EventsPage | null> {
    const [, transaction, id] = /^(\d{1,18})-(\d{1,19})$/.exec(after) ?? [];
    if (transaction === undefined || id === undefined || BigInt(id) > BigInt(LAST_ID)) return null;
    const rows = await this.statements.run<SecurityEvent>(READ, [transaction, id]);
    const events = rows.slice(0, PAGE_SIZE);
    const last = events.at(-1);
    return { events, cursor: last === undefined ? after : cursorOf(last), hasMore: rows.length > PAGE_SIZE };
  }

  /** `read`, but waits up to so many milliseconds for something to happen, or until `signal`. */
  async follow(after: string, milliseconds: number, signal?: AbortSignal): Promise<EventsPage | null> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const page = await this.read(after);
      const left = deadline - performance.now();
      const isOver = left <= 0 || this.isStopping || signal?.aborted === true;
      if (page === null || page.events.length > 0 || isOver) return page;
      await this.pause(Math.min(left, LOOK_EVERY_MS));
    }
  }

  /** Whether the service stops, and nobody should wait for anything. */
  get isOver(): boolean {
    return this.isStopping;
  }

  /** Events that no token is left to care about; answers how many went. */
  async purge(): Promise<number> {
    return (await this.statements.run(PURGE, [new Date(Date.now() - KEEP_DAYS * 86_400_000)])).length;
  }

  private async pause(milliseconds: number): Promise<void> {
    const alarm = new AbortController();
    this.waiting.add(alarm);
    await setTimeout(milliseconds, undefined, { signal: alarm.signal }).catch(() => undefined);
    this.waiting.delete(alarm);
  }

  private wake(): void {
    for (const alarm of this.waiting) alarm.abort();
  }
}

/** Of an event: what follows it begins here. */
export function cursorOf({ transaction, id }: SecurityEvent): string {
  return `${transaction}-${id}`;
}
