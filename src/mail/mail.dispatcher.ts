import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { MailerService } from '@nestjs-modules/mailer';
import { Environment } from '../platform/config/environment.js';
import { MasterKey } from '../platform/crypto/master-key.js';
import { Notifications, type Unlisten } from '../platform/database/notifications.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import { Inbox } from '../platform/inbox/inbox.js';
import { render, type Letter } from './letter.js';
import { LETTERS, MAIL_CHANNEL } from './mail.service.js';

/** Mails under way at once from this instance. */
const CONCURRENCY = 5;

/** Milliseconds between two looks at the queue when nothing was heard. */
const POLL_MS = 2_000;

/** Milliseconds for one attempt. */
const ATTEMPT_MS = 60_000;

/** Milliseconds that a stop waits for a slow mail server. */
const STOP_WITHIN_MS = 4_000;

/** Seconds that a claimed mail is left alone by everybody else, unless its dispatcher asks for more. */
const LEASE = 30;

/** Milliseconds after which the lease of a mail under way is renewed, so that a slow server does not have it sent twice. */
const RENEW_MS = 10_000;

/** Seconds: 1, 2, 4 … up to this, so that mail goes out soon after a long outage. */
const LONGEST_DELAY = 60;

/** Attempts after which a mail is given up: the better part of a day at the longest delay. */
const ATTEMPTS = 1_000;

/** Attempts for a mail that the server refuses for good (5xx on the envelope or the message). */
const REFUSED_ATTEMPTS = 3;

const CLAIM: Statement = {
  name: 'mail-claim',
  text: `UPDATE outgoing_mails SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $2)
         WHERE id IN (
           SELECT id FROM outgoing_mails
           WHERE status = 'queued' AND next_attempt_at <= now()
           ORDER BY next_attempt_at
           LIMIT $1
           FOR UPDATE SKIP LOCKED
         )
         RETURNING id, kind, recipient, sealed_letter AS "sealedLetter", attempts, created_at AS "createdAt",
                   useless_after AS "uselessAfter"`,
};

const RENEW: Statement = {
  name: 'mail-renew',
  text: `UPDATE outgoing_mails SET next_attempt_at = now() + make_interval(secs => $2)
         WHERE id = $1 AND status = 'queued'`,
};

const RELEASE: Statement = {
  name: 'mail-release',
  text: `UPDATE outgoing_mails SET next_attempt_at = now() WHERE status = 'queued'`,
};

const FINISH: Statement = {
  name: 'mail-finish',
  text: `UPDATE outgoing_mails SET status = $2, finished_at = $3, sealed_letter = NULL, last_error = NULL
         WHERE id = $1 AND status = 'queued'`,
};

const POSTPONE: Statement = {
  name: 'mail-postpone',
  text: `UPDATE outgoing_mails SET last_error = $2, next_attempt_at = now() + make_interval(secs => $3)
         WHERE id = $1 AND status = 'queued'`,
};

const GIVE_UP: Statement = {
  name: 'mail-give-up',
  text: `UPDATE outgoing_mails SET status = 'dead', last_error = $2, finished_at = $3
         WHERE id = $1 AND status = 'queued'`,
};

/** The server answers again: what waits for its next attempt need not wait any longer. */
const HURRY: Statement = {
  name: 'mail-hurry',
  text: `UPDATE outgoing_mails SET next_attempt_at = now()
         WHERE status = 'queued' AND last_error = ANY ($1) AND next_attempt_at > now()`,
};

interface ClaimedMail {
  id: string;
  kind: string;
  recipient: string;
  sealedLetter: Buffer;
  attempts: number;
  createdAt: Date;
  uselessAfter: Date | null;
}

/** Error codes that say that no server was reached, or none that let us in. */
const OUTAGES = ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS', 'ECONNREFUSED', 'ECONNRESET', 'EDEADLINE'];

/**
 * Sends what was promised, at least once. A claim is a lease: several instances share the queue, and a mail whose
 * dispatcher died is claimed again when the lease is over, under the same Message-ID.
 */
@Injectable()
export class MailDispatcher {
  private readonly logger = new Logger(MailDispatcher.name);
  private readonly underWay = new Set<Promise<void>>();
  private unlisten: Unlisten | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;
  private hadOutage = false;
  /** Set by whatever makes another look at the queue worthwhile. */
  private hint = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly statements: Statements,
    private readonly mailer: MailerService,
    private readonly masterKey: MasterKey,
    private readonly environment: Environment,
    private readonly notifications: Notifications,
    @Optional() @Inject(Inbox) private readonly inbox?: Inbox,
  ) {}

  /** Sends from now on, until `stop`. */
  start(): void {
    this.unlisten = this.notifications.listen(MAIL_CHANNEL, () => this.nudge());
    this.running = this.run();
  }

  /** Claims nothing more and gives the mails under way a moment; whatever is left is claimed again when its lease is over. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.nudge();
    await this.unlisten?.();
    const patience = new AbortController();
    await Promise.race([
      Promise.all([this.running, Promise.allSettled(this.underWay)]),
      setTimeout(STOP_WITHIN_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }

  private nudge(): void {
    this.hint = true;
    this.wake();
  }

  private async run(): Promise<void> {
    await this.release();
    while (!this.stopping) {
      const free = CONCURRENCY - this.underWay.size;
      const claimed = free > 0 ? await this.claim(free) : [];
      for (const mail of claimed) this.take(mail);
      if (claimed.length < free) await this.idle();
      else await Promise.race(this.underWay);
    }
  }

  /** The embedded database has one process: whatever is claimed was claimed by one that is gone. */
  private async release(): Promise<void> {
    if (this.environment.DATABASE_URL !== undefined) return;
    await this.statements.run(RELEASE, []).catch((error: unknown) => {
      this.logger.warn(`mail that was under way waits for its lease to end: ${nameOf(error)}`);
    });
  }

  private take(mail: ClaimedMail): void {
    const task = this.deliver(mail)
      .catch((error: unknown) => this.logger.error(`mail ${mail.id} (${mail.kind}): ${nameOf(error)}`))
      .finally(() => {
        this.underWay.delete(task);
        this.nudge();
      });
    this.underWay.add(task);
  }

  private async claim(limit: number): Promise<ClaimedMail[]> {
    this.hint = false;
    try {
      return await this.statements.run<ClaimedMail>(CLAIM, [limit, LEASE]);
    } catch (error) {
      this.logger.warn(`the mail queue cannot be read: ${nameOf(error)}`);
      return [];
    }
  }

  /** Until something is heard, or for `POLL_MS`. */
  private async idle(): Promise<void> {
    if (this.hint && !this.stopping && this.underWay.size < CONCURRENCY) return;
    const alarm = new AbortController();
    this.wake = () => alarm.abort();
    if (this.stopping) this.wake();
    await setTimeout(POLL_MS, undefined, { signal: alarm.signal }).catch(() => undefined);
    this.wake = () => undefined;
  }

  private async deliver(mail: ClaimedMail): Promise<void> {
    if (mail.uselessAfter !== null && mail.uselessAfter <= new Date()) {
      await this.statements.run(FINISH, [mail.id, 'expired', new Date()]);
      this.logger.warn(`mail ${mail.id} (${mail.kind}) was late for what it is about and is not sent`);
      return;
    }
    try {
      await this.send(mail);
    } catch (error) {
      await this.postpone(mail, error);
      return;
    }
    await this.statements.run(FINISH, [mail.id, 'sent', new Date()]);
    this.logger.log(`mail ${mail.id} (${mail.kind}) sent at attempt ${mail.attempts}`);
    await this.hurryAfterOutage();
  }

  private async send(mail: ClaimedMail): Promise<void> {
    const letter = JSON.parse(this.masterKey.open(LETTERS, mail.sealedLetter, mail.id)) as Letter;
    const message = {
      from: this.environment.mailFrom,
      to: { name: '', address: mail.recipient },
      messageId: `<${mail.id}@${senderDomain(this.environment.mailFrom)}>`,
      date: mail.createdAt,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      ...render(letter),
    };
    await this.holding(mail, () => withDeadline(this.mailer.sendMail(message), ATTEMPT_MS));
    await this.inbox?.keep({ ...message, to: mail.recipient });
  }

  /** Keeps the lease of `mail` while `work` is under way. */
  private async holding<T>(mail: ClaimedMail, work: () => Promise<T>): Promise<T> {
    const renewal = setInterval(() => {
      this.statements.run(RENEW, [mail.id, LEASE]).catch((error: unknown) => {
        this.logger.warn(`the lease of mail ${mail.id} could not be renewed: ${nameOf(error)}`);
      });
    }, RENEW_MS);
    try {
      return await work();
    } finally {
      clearInterval(renewal);
    }
  }

  private async postpone(mail: ClaimedMail, error: unknown): Promise<void> {
    const reason = nameOf(error);
    const isOutage = OUTAGES.includes(reason);
    if (isOutage && !this.hadOutage) this.logger.warn(`the mail server cannot be reached (${reason}); mail waits`);
    this.hadOutage ||= isOutage;
    if (mail.attempts >= ATTEMPTS || (isRefusal(error) && mail.attempts >= REFUSED_ATTEMPTS)) {
      await this.statements.run(GIVE_UP, [mail.id, reason, new Date()]);
      this.logger.error(`mail ${mail.id} (${mail.kind}) is given up after ${mail.attempts} attempts: ${reason}`);
      return;
    }
    const delay = Math.min(2 ** Math.min(mail.attempts - 1, 10), LONGEST_DELAY) * (0.75 + randomInt(500) / 1000);
    await this.statements.run(POSTPONE, [mail.id, reason, delay]);
    this.logger[isOutage ? 'debug' : 'warn'](
      `mail ${mail.id} (${mail.kind}) failed at attempt ${mail.attempts}: ${reason}`,
    );
  }

  private async hurryAfterOutage(): Promise<void> {
    if (!this.hadOutage) return;
    this.hadOutage = false;
    this.logger.log('the mail server answers again');
    await this.statements.run(HURRY, [OUTAGES]);
    this.nudge();
  }
}

/** A short name for the log; the words of a mail server may hold addresses. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'EUNKNOWN';
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  return [code ?? error.name, responseCode].filter((part) => part !== undefined).join(' ');
}

function isRefusal(error: unknown): boolean {
  const { code, responseCode = 0 } = error as { code?: string; responseCode?: number };
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500;
}

function senderDomain(from: string): string {
  return /@([^@>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
}

async function withDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const inTime = new AbortController();
  const deadline = setTimeout(milliseconds, undefined, { signal: inTime.signal }).then(() => {
    throw Object.assign(new Error('the mail server took too long'), { code: 'EDEADLINE' });
  });
  deadline.catch(() => undefined);
  try {
    return await Promise.race([work, deadline]);
  } finally {
    inTime.abort();
  }
}
