import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Environment } from '../platform/config/environment.js';
import { MasterKey } from '../platform/crypto/master-key.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { Letter, LetterKind } from './letter.js';
import type { MailStatus } from './outgoing-mail.entity.js';

export type { MailStatus };

/** Whom a mail goes to: always an address out of the database, never one out of a request. */
export interface Recipient {
  userId: number;
  /** The form that SMTP gets. */
  mailbox: string;
  /** The form that cool-downs count by. */
  canonical: string;
}

/** A mail as an operator sees it: never what it says. */
export interface MailReport {
  id: string;
  kind: string;
  recipient: string;
  status: MailStatus;
  attempts: number;
  createdAt: Date;
  nextAttemptAt: Date;
  finishedAt: Date | null;
  lastError: string | null;
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

const SEALED: Statement = {
  name: 'mail-sealed',
  text: `SELECT id, sealed_letter AS "sealedLetter" FROM outgoing_mails WHERE sealed_letter IS NOT NULL AND id > $1
         ORDER BY id LIMIT 500`,
};

/** Unless it was sent, or sealed again, in the meantime. */
const RESEAL: Statement = {
  name: 'mail-reseal',
  text: `UPDATE outgoing_mails SET sealed_letter = $2 WHERE id = $1 AND sealed_letter = $3 RETURNING id`,
};

const LIST: Statement = {
  name: 'mail-list',
  text: `SELECT id, kind, recipient, status, attempts, created_at AS "createdAt", next_attempt_at AS "nextAttemptAt",
                finished_at AS "finishedAt", last_error AS "lastError"
         FROM outgoing_mails WHERE $1::text IS NULL OR status = $1 ORDER BY created_at DESC LIMIT $2`,
};

/** What is given up, for another series of attempts; of a queued mail, the next one now. */
const RETRY: Statement = {
  name: 'mail-retry',
  text: `UPDATE outgoing_mails
         SET status = 'queued', attempts = CASE status WHEN 'dead' THEN 0 ELSE attempts END, finished_at = NULL,
             next_attempt_at = now()
         WHERE ($1::uuid IS NULL AND status = 'dead' OR id = $1 AND status IN ('dead', 'queued'))
           AND sealed_letter IS NOT NULL
         RETURNING id`,
};

const NOTIFY: Statement = { name: 'mail-notify', text: `SELECT pg_notify('${MAIL_CHANNEL}', '')` };

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

  /** Newest first; of every status where none is named. */
  list(status: MailStatus | null, limit: number): Promise<MailReport[]> {
    return this.statements.run<MailReport>(LIST, [status, limit]);
  }

  /** One mail, or every one that was given up; answers how many are tried again. */
  async retry(id: string | null): Promise<number> {
    const retried = await this.statements.run(RETRY, [id]);
    if (retried.length > 0) await this.statements.run(NOTIFY, []);
    return retried.length;
  }

  /** Seals again, under the present key, what was sealed under the previous one; answers how many letters were. */
  async reseal(): Promise<number> {
    let count = 0;
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const mails = await this.statements.run<{ id: string; sealedLetter: Buffer }>(SEALED, [after]);
      for (const { id, sealedLetter } of mails) {
        after = id;
        if (this.masterKey.isCurrent(LETTERS, sealedLetter, id)) continue;
        const sealed = this.masterKey.seal(LETTERS, this.masterKey.open(LETTERS, sealedLetter, id), id);
        count += (await this.statements.run(RESEAL, [id, sealed, sealedLetter])).length;
      }
      if (mails.length === 0) return count;
    }
  }

  /** Mails that are finished since `days`, and cool-downs that are over; answers how many mails went. */
  async purge(days: number): Promise<number> {
    await this.statements.run(PURGE_COOLDOWNS, [new Date(Date.now() - 3_600_000)]);
    return (await this.statements.run(PURGE_MAILS, [new Date(Date.now() - days * 86_400_000)])).length;
  }
}
