import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MasterKey } from '../platform/crypto/master-key.js';
import { digest, randomCode, randomSecret } from '../platform/crypto/secrets.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { Purpose } from './one-time-token.entity.js';

export type { Purpose };

/** What a one-time secret is made for; `address` in canonical form, `life` in seconds. */
export interface Issue {
  userId: number;
  purpose: Purpose;
  address: string;
  life: number;
  /** What its redemption makes true; handed back by `redeem`. */
  registration?: object;
}

/** What is known of a secret before it is redeemed. */
export interface Peek {
  userId: number;
  address: string;
  state: 'live' | 'used' | 'expired';
}

export interface Redeemed {
  registration: object | null;
}

export const CODE_DIGITS = 6;

/** Guesses that are evaluated against one code; the next one finds it dead. */
export const CODE_ATTEMPTS = 5;

const CODES = 'one-time codes';

/** The index on live secrets makes a newer one replace an older one of the same purpose. */
const ISSUE: Statement = {
  name: 'one-time-token-issue',
  text: `INSERT INTO one_time_tokens (id, user_id, purpose, secret_hash, address, created_at, expires_at, registration)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (user_id, purpose) WHERE used_at IS NULL DO UPDATE
         SET id = EXCLUDED.id, secret_hash = EXCLUDED.secret_hash, address = EXCLUDED.address, attempts = 0,
             created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at,
             registration = EXCLUDED.registration`,
};

const PEEK: Statement = {
  name: 'one-time-token-peek',
  text: `SELECT user_id AS "userId", address,
                CASE WHEN used_at IS NOT NULL THEN 'used' WHEN expires_at <= $3 THEN 'expired' ELSE 'live' END AS state
         FROM one_time_tokens
         WHERE secret_hash = $1 AND purpose = $2`,
};

const REDEEM: Statement = {
  name: 'one-time-token-redeem',
  text: `UPDATE one_time_tokens SET used_at = $3
         WHERE secret_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
         RETURNING registration`,
};

const DISCARD: Statement = {
  name: 'one-time-token-discard',
  text: `DELETE FROM one_time_tokens WHERE secret_hash = $1 AND used_at IS NULL`,
};

const LIVE_CODE: Statement = {
  name: 'one-time-code-live',
  text: `SELECT id FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL`,
};

/** Counts the guess and judges it in one statement, so that parallel guesses are counted one after the other. */
const GUESS: Statement = {
  name: 'one-time-code-guess',
  text: `UPDATE one_time_tokens
         SET attempts = attempts + 1, used_at = CASE WHEN secret_hash = ANY ($2::bytea[]) THEN $3::timestamptz END
         WHERE id = $1 AND used_at IS NULL AND attempts < $4 AND expires_at > $3
         RETURNING used_at IS NOT NULL AS redeemed`,
};

const REVOKE_ALL: Statement = {
  name: 'one-time-token-revoke-all',
  text: `DELETE FROM one_time_tokens WHERE user_id = $1 AND used_at IS NULL`,
};

const PURGE: Statement = {
  name: 'one-time-token-purge',
  text: `DELETE FROM one_time_tokens WHERE expires_at < $1 RETURNING id`,
};

/** Secrets that are good once. Of each purpose an account has at most one; only hashes are stored. */
@Injectable()
export class OneTimeTokensService {
  constructor(
    private readonly statements: Statements,
    private readonly masterKey: MasterKey,
  ) {}

  /** 32 hexadecimal digits. An older secret of the same purpose dies. */
  async issue(issue: Issue, tx: EntityManager): Promise<string> {
    const secret = randomSecret();
    await this.store(issue, randomUUID(), digest(secret), tx);
    return secret;
  }

  /** A code of six digits, stored under a key that is not in the database. */
  async issueCode(issue: Issue, tx: EntityManager): Promise<string> {
    const id = randomUUID();
    const code = randomCode(CODE_DIGITS);
    await this.store(issue, id, this.masterKey.mac(CODES, `${id} ${code}`), tx);
    return code;
  }

  /** Looks without touching; `null` for a secret that was never issued, was replaced, or serves another purpose. */
  async peek(secret: string, purpose: Purpose): Promise<Peek | null> {
    const [row] = await this.statements.run<Peek>(PEEK, [digest(secret), purpose, new Date()]);
    return row ?? null;
  }

  /** For exactly one caller what was issued with the secret, `undefined` for every other. */
  async redeem(secret: string, purpose: Purpose, tx: EntityManager): Promise<Redeemed | undefined> {
    const [row] = await this.statements.run<Redeemed>(REDEEM, [digest(secret), purpose, new Date()], tx);
    return row;
  }

  /**
   * `true` for exactly one caller with the right code, while fewer than `CODE_ATTEMPTS` guesses were made. The guess
   * counts only if `tx` commits, whatever the answer.
   */
  async redeemCode(userId: number, purpose: Purpose, code: string, tx: EntityManager): Promise<boolean> {
    const [live] = await this.statements.run<{ id: string }>(LIVE_CODE, [userId, purpose], tx);
    if (live === undefined) return false;
    const values = [live.id, this.masterKey.macs(CODES, `${live.id} ${code}`), new Date(), CODE_ATTEMPTS];
    const [guess] = await this.statements.run<{ redeemed: boolean }>(GUESS, values, tx);
    return guess?.redeemed ?? false;
  }

  /** Forgets a secret that nobody redeemed. */
  async discard(secret: string): Promise<void> {
    await this.statements.run(DISCARD, [digest(secret)]);
  }

  /** Every secret of the account that is still good. */
  async revokeAll(userId: number, tx: EntityManager): Promise<void> {
    await this.statements.run(REVOKE_ALL, [userId], tx);
  }

  /** Secrets whose life ended a day ago or more; answers how many went. */
  async purge(): Promise<number> {
    return (await this.statements.run(PURGE, [new Date(Date.now() - 86_400_000)])).length;
  }

  private async store(issue: Issue, id: string, hash: Buffer, tx: EntityManager): Promise<void> {
    const now = new Date();
    await this.statements.run(
      ISSUE,
      [
        id,
        issue.userId,
        issue.purpose,
        hash,
        issue.address,
        now,
        new Date(now.getTime() + issue.life * 1000),
        issue.registration === undefined ? null : JSON.stringify(issue.registration),
      ],
      tx,
    );
  }
}
