import { createHash, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { Environment } from '../platform/config/environment.js';
import { MasterKey } from '../platform/crypto/master-key.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import { stateOf, type KeyState, type SigningKey } from './signing-key.entity.js';

export const SIGNING_ALGORITHM = 'ES256';

/** The channel on which every instance hears that the keys have changed. */
export const KEYS_CHANNEL = 'ostiary_signing_keys';

/** Seconds in which every instance has looked at the keys again, heard or not. */
export const KEYS_POLL = 5;

const SEAL = 'signing keys';

/** Seconds that the clocks of two instances may be apart. */
const CLOCK_SKEW = 60;

/** Any constant will do, as long as nothing else on this database locks it. */
const LOCK_NUMBER = 7_312_002;

/** A key as an operator sees it. */
export interface KeyReport {
  kid: string;
  algorithm: string;
  state: KeyState;
  createdAt: Date;
  signsFrom: Date;
  signsUntil: Date | null;
  /** Of a replaced key: when the last token that it may have signed expires. */
  verifiesUntil: Date | null;
  retiredAt: Date | null;
  revokedAt: Date | null;
}

/** `still_signing`: another key has to take over first. `is_over`: it verifies nothing any more. */
export type KeyEnd = 'done' | 'unknown' | 'still_signing' | 'is_over';

const COLUMNS = `kid, algorithm, public_jwk AS "publicJwk", sealed_private_key AS "sealedPrivateKey",
                 created_at AS "createdAt", signs_from AS "signsFrom", signs_until AS "signsUntil",
                 retired_at AS "retiredAt", revoked_at AS "revokedAt"`;

const LOCK: Statement = { name: 'keys-lock', text: 'SELECT pg_advisory_xact_lock($1)' };

const ALL: Statement = {
  name: 'keys-all',
  text: `SELECT ${COLUMNS} FROM signing_keys ORDER BY signs_from, created_at`,
};

const REPORT: Statement = {
  name: 'keys-report',
  text: `SELECT kid, algorithm, created_at AS "createdAt", signs_from AS "signsFrom", signs_until AS "signsUntil",
                retired_at AS "retiredAt", revoked_at AS "revokedAt",
                CASE WHEN signs_until IS NOT NULL AND retired_at IS NULL AND revoked_at IS NULL THEN GREATEST(signs_until, (
                  SELECT max(expires_at) FROM sessions WHERE sessions.created_at <= signing_keys.signs_until
                )) END AS "verifiesUntil"
         FROM signing_keys ORDER BY signs_from DESC, created_at DESC`,
};

/** Whoever starts at the same time finds the index on the newest key taken, and the other one's key there. */
const INSERT: Statement = {
  name: 'keys-insert',
  text: `INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_key, created_at, signs_from)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING`,
};

const HAND_OVER: Statement = {
  name: 'keys-hand-over',
  text: `UPDATE signing_keys SET signs_until = $2 WHERE kid = $1`,
};

const TAKE_OVER: Statement = { name: 'keys-take-over', text: `UPDATE signing_keys SET signs_from = $2 WHERE kid = $1` };

/** The successor that was announced does not come: its predecessor goes on. */
const GO_ON: Statement = {
  name: 'keys-go-on',
  text: `UPDATE signing_keys SET signs_until = NULL
         WHERE signs_until = $1 AND retired_at IS NULL AND revoked_at IS NULL`,
};

const END: Statement = {
  name: 'keys-end',
  text: `UPDATE signing_keys
         SET sealed_private_key = NULL, signs_until = LEAST(COALESCE(signs_until, $2), $2),
             retired_at = CASE WHEN $3 = 'retired' THEN $2::timestamptz ELSE retired_at END,
             revoked_at = CASE WHEN $3 = 'revoked' THEN $2::timestamptz ELSE revoked_at END
         WHERE kid = $1`,
};

/** A token ends with its session at the latest. */
const RETIRE: Statement = {
  name: 'keys-retire',
  text: `UPDATE signing_keys k SET retired_at = $1, sealed_private_key = NULL
         WHERE signs_until < $2 AND retired_at IS NULL AND revoked_at IS NULL
           AND NOT EXISTS (SELECT FROM sessions s WHERE s.created_at <= k.signs_until + $3 * interval '1 second'
                             AND s.expires_at > $1)
         RETURNING kid`,
};

const ERASE: Statement = {
  name: 'keys-erase',
  text: `UPDATE signing_keys SET sealed_private_key = NULL
         WHERE signs_until < $1 AND sealed_private_key IS NOT NULL`,
};

const RESEAL: Statement = {
  name: 'keys-reseal',
  text: `UPDATE signing_keys SET sealed_private_key = $2 WHERE kid = $1 AND sealed_private_key = $3 RETURNING kid`,
};

const NOTIFY: Statement = { name: 'keys-notify', text: `SELECT pg_notify('${KEYS_CHANNEL}', '')` };

/** The signing keys in the database, and how they change. Changes take turns, and reach every instance. */
@Injectable()
export class KeyStore {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly statements: Statements,
    private readonly masterKey: MasterKey,
    private readonly environment: Environment,
  ) {}

  /** Oldest first. */
  all(tx?: EntityManager): Promise<SigningKey[]> {
    return this.statements.run<SigningKey>(ALL, [], tx);
  }

  /** Newest first. */
  async report(): Promise<KeyReport[]> {
    const now = new Date();
    const keys = await this.statements.run<Omit<KeyReport, 'state'>>(REPORT, []);
    return keys.map((key) => {
      const state = stateOf(key, now);
      return { ...key, state, verifiesUntil: state === 'verifying' ? key.verifiesUntil : null };
    });
  }

  /** The private key in PEM. Throws when it was sealed under a key that is not known. */
  unseal({ kid, sealedPrivateKey }: SigningKey): string {
    if (sealedPrivateKey === null) throw new Error(`the private half of key ${kid} is gone`);
    try {
      return this.masterKey.open(SEAL, sealedPrivateKey, kid);
    } catch (cause) {
      throw new Error(
        'The signing key in this database was sealed under another SECRET_KEY. Start with that one, or name it in ' +
          'SECRET_KEY_PREVIOUS; in development it is kept in DATA_DIR.',
        { cause },
      );
    }
  }

  /** Makes the first key, unless another instance is quicker. */
  async createFirst(): Promise<void> {
    await this.insert(new Date());
  }

  /**
   * A new key, published now; it signs when every verifier's copy of the key set is younger than it, or at once if
   * `isUrgent`. Where one is waiting already, that one. Answers its kid and from when it signs.
   */
  rotate(isUrgent = false): Promise<{ kid: string; signsFrom: Date; isNew: boolean }> {
    return this.change(async (keys, tx) => {
      const now = new Date();
      const newest = newestOf(keys);
      const announced = newest !== undefined && stateOf(newest, now) === 'next' ? newest : undefined;
      const lead = this.environment.JWKS_MAX_AGE + KEYS_POLL;
      const signsFrom = isUrgent ? now : new Date(now.getTime() + lead * 1000);
      if (announced === undefined) {
        if (newest !== undefined) await this.statements.run(HAND_OVER, [newest.kid, signsFrom], tx);
        return { kid: await this.insert(signsFrom, tx), signsFrom, isNew: true };
      }
      if (isUrgent) await this.bringForward(announced, keys, now, tx);
      return { kid: announced.kid, signsFrom: isUrgent ? now : announced.signsFrom, isNew: false };
    });
  }

  /** `rotate`, if the newest key is older than so many days. */
  async rotateIfOlderThan(days: number): Promise<string | null> {
    const isDue = (keys: readonly SigningKey[]): boolean => {
      const newest = newestOf(keys);
      return newest !== undefined && Date.now() - newest.signsFrom.getTime() >= days * 86_400_000;
    };
    if (!isDue(await this.all())) return null;
    // Another instance may have found the same; then the key that it announced is the answer.
    const { kid, isNew } = await this.rotate();
    return isNew ? kid : null;
  }

  /** Ends the time of a key that signs no more, or takes back one that does not sign yet. */
  retire(kid: string): Promise<KeyEnd> {
    return this.change(async (keys, tx) => {
      const key = keys.find((it) => it.kid === kid);
      if (key === undefined) return 'unknown';
      const state = stateOf(key);
      if (state === 'signing') return 'still_signing';
      if (state === 'retired' || state === 'revoked') return 'is_over';
      await this.end(key, 'retired', tx);
      return 'done';
    });
  }

  /** At once no token that this key signed is good. If it was the one that signs, another does from now on. */
  revoke(kid: string): Promise<KeyEnd> {
    return this.change(async (keys, tx) => {
      const now = new Date();
      const key = keys.find((it) => it.kid === kid);
      if (key === undefined) return 'unknown';
      const state = stateOf(key, now);
      if (state === 'revoked') return 'is_over';
      await this.end(key, 'revoked', tx);
      if (state === 'signing') {
        const announced = keys.find((it) => stateOf(it, now) === 'next');
        if (announced === undefined) await this.insert(now, tx);
        else await this.statements.run(TAKE_OVER, [announced.kid, now], tx);
      }
      return 'done';
    });
  }

  /** Retires every key whose last token has expired, and erases private halves that have nothing left to sign. */
  async retireOutlived(): Promise<string[]> {
    const now = new Date();
    const settled = new Date(now.getTime() - CLOCK_SKEW * 1000);
    const retired = await this.statements.run<{ kid: string }>(RETIRE, [now, settled, CLOCK_SKEW]);
    await this.statements.run(ERASE, [settled]);
    if (retired.length > 0) await this.statements.run(NOTIFY, []);
    return retired.map(({ kid }) => kid);
  }

  /** Seals again, under the present key, what was sealed under the previous one; answers how many were. */
  async reseal(): Promise<number> {
    let count = 0;
    for (const key of await this.all()) {
      if (key.sealedPrivateKey === null || this.masterKey.isCurrent(SEAL, key.sealedPrivateKey, key.kid)) continue;
      const sealed = this.masterKey.seal(SEAL, this.unseal(key), key.kid);
      count += (await this.statements.run(RESEAL, [key.kid, sealed, key.sealedPrivateKey])).length;
    }
    return count;
  }

  private change<T>(work: (keys: SigningKey[], tx: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (tx) => {
      await this.statements.run(LOCK, [LOCK_NUMBER], tx);
      const outcome = await work(await this.all(tx), tx);
      await this.statements.run(NOTIFY, [], tx);
      return outcome;
    });
  }

  private async bringForward(
    announced: SigningKey,
    keys: readonly SigningKey[],
    now: Date,
    tx: EntityManager,
  ): Promise<void> {
    for (const key of keys.filter((it) => stateOf(it, now) === 'signing')) {
      await this.statements.run(HAND_OVER, [key.kid, now], tx);
    }
    await this.statements.run(TAKE_OVER, [announced.kid, now], tx);
  }

  private async end(key: SigningKey, how: 'retired' | 'revoked', tx: EntityManager): Promise<void> {
    const now = new Date();
    const wasAnnounced = stateOf(key, now) === 'next';
    await this.statements.run(END, [key.kid, now, how], tx);
    if (wasAnnounced) await this.statements.run(GO_ON, [key.signsFrom], tx);
  }

  private async insert(signsFrom: Date, tx?: EntityManager): Promise<string> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
    const publicJwk = publicKey.export({ format: 'jwk' });
    const kid = thumbprint(publicJwk);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await this.statements.run(
      INSERT,
      [
        kid,
        SIGNING_ALGORITHM,
        JSON.stringify({ ...publicJwk, kid, use: 'sig', alg: SIGNING_ALGORITHM }),
        this.masterKey.seal(SEAL, pem, kid),
        new Date(),
        signsFrom,
      ],
      tx,
    );
    return kid;
  }
}

function newestOf(keys: readonly SigningKey[]): SigningKey | undefined {
  return keys.find(({ signsUntil }) => signsUntil === null);
}

/** RFC 7638: the required members, in the order of their names. */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
