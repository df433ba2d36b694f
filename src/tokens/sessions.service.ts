import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { digest } from '../platform/crypto/secrets.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { Client } from '../platform/http/client.js';
import type { SessionEnd } from './session.entity.js';
import { TokenCodec, type TokenClaims } from './token-codec.js';

/** How a surface opens its sessions. Times in seconds. */
export interface SessionTerms {
  /** The name of the surface. */
  surface: string;
  accessTtl: number;
  refreshTtl: number;
  /** What the `user_id` claim holds: the account's UUID or its number. */
  shownId: 'uuid' | 'number';
}

/** `…ExpiresIn` in seconds, equal to `exp - iat` of the token. */
export interface SessionTokens {
  sessionId: string;
  access: string;
  accessExpiresIn: number;
  refresh: string;
  refreshExpiresIn: number;
}

export type Rotation =
  | { outcome: 'rotated'; tokens: SessionTokens; userId: number }
  | { outcome: 'reused'; sessionId: string; userId: number }
  | { outcome: 'invalid' | 'expired' | 'wrong_type' | 'ended' | 'inactive' };

/** A session as those see it who look at it from outside. */
export interface SessionReport {
  id: string;
  surface: string;
  publicId: string;
  /** Of the account. */
  state: string;
  createdAt: Date;
  lastUsedAt: Date;
  rotatedAt: Date | null;
  expiresAt: Date;
  endedAt: Date | null;
  endedReason: SessionEnd | null;
  ip: string | null;
  userAgent: string | null;
}

/** Seconds in which the direct parent of the live refresh token gets the same successor: a lost answer, or a second tab. */
export const ROTATION_GRACE = 20;

interface MintRow {
  id: string;
  accessTtl: number;
  generation: number;
  /** When this generation began. */
  since: Date;
  expiresAt: Date;
  userId: number;
  publicId: string;
  role: string;
}

interface InspectedRow extends MintRow {
  surface: string;
  endedAt: Date | null;
  state: string;
}

/**
 * Notes the login in the account's history, and stamps the account first: its row lock makes a login wait for a password change or a reset under way, and lose to it,
 * since the condition is looked at again after the wait.
 */
const OPEN: Statement = {
  name: 'session-open',
  text: `WITH account AS (
           UPDATE users SET last_login_at = $6, password_hash = COALESCE($10, password_hash)
           WHERE id = $2 AND state = 'active' AND password_version = $3
           RETURNING id, public_id, role
         ), event AS (
           INSERT INTO account_events (user_id, event, ip, user_agent, created_at)
           SELECT account.id, 'login', $8::text, $9::text, $6::timestamptz FROM account
         )
         INSERT INTO sessions (id, user_id, surface, access_ttl, created_at, last_used_at, expires_at, ip, user_agent)
         SELECT $1::uuid, account.id, $4::text, $5::integer, $6::timestamptz, $6::timestamptz, $7::timestamptz, $8::text,
                $9::text
         FROM account
         RETURNING id, access_ttl AS "accessTtl", generation, created_at AS since, expires_at AS "expiresAt",
                   user_id AS "userId", (SELECT public_id FROM account) AS "publicId", (SELECT role FROM account) AS role`,
};

/** Decision 13: one conditional statement; whoever comes second finds another generation. */
const ROTATE: Statement = {
  name: 'session-rotate',
  text: `UPDATE sessions s
         SET generation = s.generation + 1, rotated_at = $4, last_used_at = $4
         FROM users u
         WHERE s.id = $1 AND s.generation = $2 AND s.surface = ANY ($3) AND s.ended_at IS NULL AND s.expires_at > $4
           AND u.id = s.user_id AND u.state = 'active'
         RETURNING s.id, s.access_ttl AS "accessTtl", s.generation, s.rotated_at AS since, s.expires_at AS "expiresAt",
                   u.id AS "userId", u.public_id AS "publicId", u.role`,
};

/** For clients that keep their refresh token: the session and the account still have to be good. */
const RENEW: Statement = {
  name: 'session-renew',
  text: `UPDATE sessions s
         SET last_used_at = $4
         FROM users u
         WHERE s.id = $1 AND s.generation = $2 AND s.surface = ANY ($3) AND s.ended_at IS NULL AND s.expires_at > $4
           AND u.id = s.user_id AND u.state = 'active'
         RETURNING s.id, s.access_ttl AS "accessTtl", s.generation, $4::timestamptz AS since,
                   s.expires_at AS "expiresAt", u.id AS "userId", u.public_id AS "publicId", u.role`,
};

const INSPECT: Statement = {
  name: 'session-inspect',
  text: `SELECT s.id, s.access_ttl AS "accessTtl", s.generation, COALESCE(s.rotated_at, s.created_at) AS since,
                s.expires_at AS "expiresAt", s.surface, s.ended_at AS "endedAt",
                u.id AS "userId", u.public_id AS "publicId", u.role, u.state
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.id = $1`,
};

const REPORT = `s.id, s.surface, u.public_id AS "publicId", u.state, s.created_at AS "createdAt",
                s.last_used_at AS "lastUsedAt", s.rotated_at AS "rotatedAt", s.expires_at AS "expiresAt",
                s.ended_at AS "endedAt", s.ended_reason AS "endedReason", s.ip, s.user_agent AS "userAgent"
                FROM sessions s JOIN users u ON u.id = s.user_id`;

const FIND: Statement = { name: 'session-find', text: `SELECT ${REPORT} WHERE s.id = $1` };

const LIST: Statement = {
  name: 'session-list',
  text: `SELECT ${REPORT} WHERE s.user_id = $1 ORDER BY s.created_at DESC, s.id`,
};

const END: Statement = {
  name: 'session-end',
  text: `UPDATE sessions SET ended_at = $2, ended_reason = $3 WHERE id = $1 AND ended_at IS NULL RETURNING id`,
};

const END_BY_TOKEN: Statement = {
  name: 'session-end-by-token',
  text: `UPDATE sessions SET ended_at = $3, ended_reason = 'logout'
         WHERE id = $1 AND generation = $2 AND ended_at IS NULL
         RETURNING id`,
};

const END_ALL: Statement = {
  name: 'session-end-all',
  text: `UPDATE sessions SET ended_at = $2, ended_reason = $3
         WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $4`,
};

const IS_LIVE: Statement = {
  name: 'session-is-live',
  text: `SELECT FROM sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2`,
};

/** By somebody else than its owner, who can read about it. */
const REVOKE: Statement = {
  name: 'session-revoke',
  text: `WITH ended AS (
           UPDATE sessions SET ended_at = $2, ended_reason = 'revoked' WHERE id = $1 AND ended_at IS NULL
           RETURNING user_id
         )
         INSERT INTO account_events (user_id, event, created_at)
         SELECT user_id, 'session_revoked', $2::timestamptz FROM ended
         RETURNING id`,
};

const TOUCH: Statement = {
  name: 'session-touch',
  text: `UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2`,
};

const PURGE: Statement = {
  name: 'session-purge',
  text: `DELETE FROM sessions WHERE expires_at < $1 RETURNING id`,
};

/**
 * Opens, rotates and ends sessions. Its statements may join `users`, whose row is the account's lock and holds what a
 * token says about it.
 */
@Injectable()
export class SessionsService {
  constructor(
    private readonly statements: Statements,
    private readonly codec: TokenCodec,
  ) {}

  /**
   * `null` when the account is no longer active, or its password no longer the one that was checked. `newPasswordHash`
   * is the same password under a hash of today, and replaces the old one in the same statement.
   */
  async open(
    account: { id: number; passwordVersion: number; newPasswordHash?: string | null },
    terms: SessionTerms,
    client: Client,
    tx?: EntityManager,
  ): Promise<SessionTokens | null> {
    const now = new Date();
    // Tokens count whole seconds, so the session begins and ends on one.
    const expiresAt = new Date((seconds(now) + terms.refreshTtl) * 1000);
    const [row] = await this.statements.run<MintRow>(
      OPEN,
      [
        randomUUID(),
        account.id,
        account.passwordVersion,
        terms.surface,
        terms.accessTtl,
        now,
        expiresAt,
        client.ip,
        client.userAgent,
        account.newPasswordHash ?? null,
      ],
      tx,
    );
    if (row === undefined) return null;
    return this.mint(row, terms.shownId === 'uuid' ? row.publicId : String(row.userId));
  }

  /**
   * Exchanges a refresh token of one of `surfaces` for its successor. `reused` asks the caller to end the session, in a
   * transaction that also tells its owner; every other outcome has changed nothing.
   */
  rotate(presented: unknown, surfaces: readonly string[]): Promise<Rotation> {
    return this.exchange(ROTATE, presented, surfaces);
  }

  /** `rotate`, but the refresh token stays what it is: of the answer, only the access token is new. */
  renew(presented: unknown, surfaces: readonly string[]): Promise<Rotation> {
    return this.exchange(RENEW, presented, surfaces);
  }

  /** What `rotate` would make of a refresh token, without doing it; `ended` for one that was replaced. */
  async inspect(
    presented: unknown,
    surfaces: readonly string[],
  ): Promise<'live' | 'invalid' | 'expired' | 'wrong_type' | 'ended' | 'inactive'> {
    const read = await this.codec.read(presented, 'refresh');
    if (read.outcome !== 'good') return read.outcome;
    const generation = generationOf(read.claims);
    if (generation === null) return 'invalid';
    const [session] = await this.statements.run<InspectedRow>(INSPECT, [read.claims.sid]);
    if (session === undefined) return 'ended';
    if (!surfaces.includes(session.surface)) return 'invalid';
    if (session.state !== 'active') return 'inactive';
    const isOpen = session.endedAt === null && session.expiresAt > new Date();
    return isOpen && generation === session.generation ? 'live' : 'ended';
  }

  async find(sessionId: string): Promise<SessionReport | null> {
    return (await this.statements.run<SessionReport>(FIND, [sessionId]))[0] ?? null;
  }

  /** Newest first, the ended ones as long as they are kept. */
  list(userId: number): Promise<SessionReport[]> {
    return this.statements.run<SessionReport>(LIST, [userId]);
  }

  /** The claims of a refresh token that its surface would exchange now; `null` for any other. Changes nothing. */
  async exchangeable(presented: unknown): Promise<TokenClaims | null> {
    const read = await this.codec.read(presented, 'refresh');
    const generation = read.outcome === 'good' ? generationOf(read.claims) : null;
    if (read.outcome !== 'good' || generation === null) return null;
    const [session] = await this.statements.run<InspectedRow>(INSPECT, [read.claims.sid]);
    if (session?.state !== 'active' || session.publicId !== read.claims.sub) return null;
    if (session.endedAt !== null || session.expiresAt <= new Date()) return null;
    return generation === session.generation || isGraced(session, generation) ? read.claims : null;
  }

  /** For whoever ends a session that is not theirs: its owner finds it in the history. Whether it was still open. */
  async revoke(sessionId: string): Promise<boolean> {
    return (await this.statements.run(REVOKE, [sessionId, new Date()])).length > 0;
  }

  /** Whether it was still open. */
  async end(sessionId: string, reason: SessionEnd, tx?: EntityManager): Promise<boolean> {
    return (await this.statements.run(END, [sessionId, new Date(), reason], tx)).length > 0;
  }

  /** Ends the session if `presented` is its live refresh token; otherwise changes nothing and answers `false`. */
  async endByRefreshToken(sessionId: string, presented: unknown): Promise<boolean> {
    const read = await this.codec.read(presented, 'refresh');
    if (read.outcome !== 'good' || read.claims.sid !== sessionId) return false;
    const ended = await this.statements.run(END_BY_TOKEN, [sessionId, generationOf(read.claims), new Date()]);
    return ended.length > 0;
  }

  async endAll(userId: number, reason: SessionEnd, tx: EntityManager, except: string | null = null): Promise<void> {
    await this.statements.run(END_ALL, [userId, new Date(), reason, except], tx);
  }

  /** To be asked under the account's lock, which whoever ends its sessions holds. */
  async isLive(sessionId: string, tx: EntityManager): Promise<boolean> {
    return (await this.statements.run(IS_LIVE, [sessionId, new Date()], tx)).length > 0;
  }

  /** Notes that the session is in use. */
  async touch(sessionId: string): Promise<void> {
    await this.statements.run(TOUCH, [sessionId, new Date()]);
  }

  /** Sessions past their absolute end, of which no token can be good any more; answers how many went. */
  async purge(): Promise<number> {
    return (await this.statements.run(PURGE, [new Date(Date.now() - 86_400_000)])).length;
  }

  private async exchange(exchange: Statement, presented: unknown, surfaces: readonly string[]): Promise<Rotation> {
    const read = await this.codec.read(presented, 'refresh');
    if (read.outcome !== 'good') return read;
    const { sid, user_id: shownId } = read.claims;
    const generation = generationOf(read.claims);
    if (generation === null) return { outcome: 'invalid' };
    const [rotated] = await this.statements.run<MintRow>(exchange, [sid, generation, surfaces, new Date()]);
    if (rotated !== undefined) return this.rotated(rotated, shownId);
    const [session] = await this.statements.run<InspectedRow>(INSPECT, [sid]);
    return this.explainRefusal(session, generation, shownId, surfaces);
  }

  private explainRefusal(
    session: InspectedRow | undefined,
    generation: number,
    shownId: string,
    surfaces: readonly string[],
  ): Rotation {
    if (session === undefined) return { outcome: 'ended' };
    if (!surfaces.includes(session.surface)) return { outcome: 'invalid' };
    if (session.state !== 'active') return { outcome: 'inactive' };
    if (session.endedAt !== null || session.expiresAt <= new Date()) return { outcome: 'ended' };
    // Of a copy of the database that is younger than this row, or freed to rotate only after it was refused.
    if (generation >= session.generation) return { outcome: 'ended' };
    if (isGraced(session, generation)) return this.rotated(session, shownId);
    return { outcome: 'reused', sessionId: session.id, userId: session.userId };
  }

  private rotated(row: MintRow, shownId: string): Rotation {
    return { outcome: 'rotated', tokens: this.mint(row, shownId), userId: row.userId };
  }

  /** All of it follows from the row, so that a successor asked for twice has the same ids, times and rights. */
  private mint(row: MintRow, shownId: string): SessionTokens {
    const iat = seconds(row.since);
    const end = seconds(row.expiresAt);
    const claims = (type: 'access' | 'refresh', exp: number): TokenClaims => ({
      sub: row.publicId,
      sid: row.id,
      jti: tokenId(`${row.id} ${row.generation} ${type} ${iat}`, row.generation),
      iat,
      exp,
      token_type: type,
      user_id: shownId,
    });
    const accessExp = Math.min(iat + row.accessTtl, end);
    return {
      sessionId: row.id,
      access: this.codec.sign({ ...claims('access', accessExp), role: row.role }),
      accessExpiresIn: accessExp - iat,
      refresh: this.codec.sign(claims('refresh', end)),
      refreshExpiresIn: end - iat,
    };
  }
}

/** Of the parent of the live token, while a lost answer may be asked for again. */
function isGraced(session: MintRow, generation: number): boolean {
  return generation === session.generation - 1 && Date.now() - session.since.getTime() <= ROTATION_GRACE * 1000;
}

/** 32 hexadecimal digits; the last eight name the generation of the session that the token belongs to. */
function tokenId(facts: string, generation: number): string {
  return digest(facts).toString('hex').slice(0, 24) + generation.toString(16).padStart(8, '0');
}

/** `null` for an id that `tokenId` did not make. */
function generationOf({ jti }: TokenClaims): number | null {
  return /^[0-9a-f]{32}$/.test(jti) ? Number.parseInt(jti.slice(24), 16) : null;
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
