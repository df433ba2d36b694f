import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Statements, type Statement } from '../platform/database/statements.js';
import { currentClient } from '../platform/http/client.js';
import type { AccountEvent, AccountEventName } from './account-event.entity.js';

/** A page of a history, the newest first, and how much there is in all. */
export interface HistoryPage {
  events: AccountEvent[];
  count: number;
}

const RECORD: Statement = {
  name: 'history-record',
  text: `INSERT INTO account_events (user_id, event, ip, user_agent, created_at) VALUES ($1, $2, $3, $4, $5)`,
};

const PAGE: Statement = {
  name: 'history-page',
  text: `SELECT id, user_id AS "userId", event, ip, user_agent AS "userAgent", created_at AS "createdAt"
         FROM account_events WHERE user_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`,
};

const COUNT: Statement = {
  name: 'history-count',
  text: `SELECT count(*)::integer AS count FROM account_events WHERE user_id = $1`,
};

const PURGE: Statement = {
  name: 'history-purge',
  text: `DELETE FROM account_events WHERE created_at < $1 OR (user_id IS NULL AND created_at < $2) RETURNING id`,
};

/** What happened to an account, for its owner to read. */
@Injectable()
export class HistoryService {
  constructor(private readonly statements: Statements) {}

  /** In the transaction of what it records. Address and user agent are those of the request that is being answered. */
  async record(event: AccountEventName, userId: number | null, tx?: EntityManager): Promise<void> {
    const { ip, userAgent } = currentClient();
    await this.statements.run(RECORD, [userId, event, ip, userAgent, new Date()], tx);
  }

  async page(userId: number, limit: number, offset: number): Promise<HistoryPage> {
    const events = await this.statements.run<AccountEvent>(PAGE, [userId, limit, offset]);
    const [row] = await this.statements.run<{ count: number }>(COUNT, [userId]);
    return { events, count: row?.count ?? 0 };
  }

  /** Events older than `days`, and guesses at accounts that there are not, after a day; answers how many went. */
  async purge(days: number): Promise<number> {
    const now = Date.now();
    const before = (age: number): Date => new Date(now - age * 86_400_000);
    return (await this.statements.run(PURGE, [before(days), before(1)])).length;
  }
}
