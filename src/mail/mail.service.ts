import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Environment } from '../platform/config/environment.js';
import { MasterKey } from '../platform/crypto/master-key.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { Letter, LetterKind } from './letter.js';

/** Whom a mail goes to: always an address out of the database, never one out of a request. */
export interface Recipient {
  userId: number;
  /** The form that SMTP gets. */
  mailbox: string;
  /** The form that cool-downs count by. */
  canonical: string;
}

/** The channel on which a waiting dispatcher hears of new mail. */
export const MAIL_CHANNEL = 'ostiary_outgoing_mails';

/** What letters are sealed for. */
export const LETTERS = 'letters';

/** Seconds between two mails of a kind to one address. */
const COOLDOWN = 60;

const ENQUEUE: Statement = {
  name: 'mail-enqueue',
  text: `WITH mail AS (
           INSERT INTO outgoing_mails (id, user_id, kind, recipient, sealed_letter, created_at, useless_after, next_attempt_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, now())
         )
         SELECT pg_notify('${MAIL_CHANNEL}', '')`,
};

/** Whoever comes second within the minute waits for the first to commit, and then finds the condition false. */
const RESERVE: Statement = {
  name: 'mail-reserve',
  text: `INSERT INTO mail_cooldowns AS c (kind, recipient, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (kind, recipient) DO UPDATE SET last_at = EXCLUDED.last_at WHERE c.last_at <= $4
         RETURNING kind`,
};

const PURGE_COOLDOWNS: Statement = {
  name: 'mail-purge-cooldowns',
  text: `DELETE FROM mail_cooldowns WHERE last_at < $1`,
};

const PURGE_MAILS: Statement = {
  name: 'mail-purge',
  text: `DELETE FROM outgoing_mails WHERE finished_at < $1 RETURNING id`,
};

/** Mail as a promise: a row in the caller's transaction, kept by the dispatcher after the commit. */
@Injectable()
export class MailService {
  constructor(
    private readonly statements: Statements,
    private readonly masterKey: MasterKey,
    private readonly environment: Environment,
  ) {}

  /**
   * Whether a mail of this kind may go to this address now; asking counts as sending. To be asked before a new secret
   * is issued, or the one already on its way would die unannounced.
   */
  async reserve(kind: LetterKind, canonical: string, tx: EntityManager): Promise<boolean> {
    if (!this.environment.limitsAreOn) return true;
    const now = Date.now();
    const values = [kind, canonical, new Date(now), new Date(now - COOLDOWN * 1000)];
    return (await this.statements.run(RESERVE, values, tx)).length > 0;
  }

  /** `life`: seconds after which the letter is of no use and is not sent any more. */
  async enqueue(letter: Letter, recipient: Recipient, tx: EntityManager, life?: number): Promise<void> {
    const id = randomUUID();
    const now = new Date();
    await this.statements.run(
      ENQUEUE,
      [
        id,
        recipient.userId,
        letter.kind,
        recipient.mailbox,
        this.masterKey.seal(LETTERS, JSON.stringify(letter), id),
        now,
        life === undefined ? null : new Date(now.getTime() + life * 1000),
      ],
      tx,
    );
  }

  /** `enqueue`, unless a mail of this kind went to this address within the last minute. */
  async enqueueOnce(letter: Letter, recipient: Recipient, tx: EntityManager): Promise<void> {
    if (await this.reserve(letter.kind, recipient.canonical, tx)) await this.enqueue(letter, recipient, tx);
  }

  /** Mails that are finished since `days`, and cool-downs that are over; answers how many mails went. */
  async purge(days: number): Promise<number> {
    await this.statements.run(PURGE_COOLDOWNS, [new Date(Date.now() - 3_600_000)]);
    return (await this.statements.run(PURGE_MAILS, [new Date(Date.now() - days * 86_400_000)])).length;
  }
}
