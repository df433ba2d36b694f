import type { JsonWebKey } from 'node:crypto';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * `next`: published, and waiting until every verifier can have it. `signing`: the one that signs. `verifying`: replaced,
 * while tokens that it signed may live. `retired`: after the last of them. `revoked`: no token that it signed is good.
 */
export type KeyState = 'next' | 'signing' | 'verifying' | 'retired' | 'revoked';

/**
 * A key that signs our tokens, will, or did. What it is for follows from its times and the clock, so that every instance
 * changes over at the same moment without being told.
 */
@Entity('signing_keys')
@Index('signing_keys_newest_idx', ['algorithm'], { unique: true, where: 'signs_until IS NULL' })
export class SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'signing_keys_pkey' })
  kid!: string;

  @Column('text')
  algorithm!: string;

  @Column('jsonb', { name: 'public_jwk' })
  publicJwk!: JsonWebKey;

  /** Erased when nothing is left for it to sign. */
  @Column('bytea', { name: 'sealed_private_key', nullable: true })
  sealedPrivateKey!: Buffer | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'signs_from' })
  signsFrom!: Date;

  /** When its successor takes over; the newest key has none. */
  @Column('timestamptz', { name: 'signs_until', nullable: true })
  signsUntil!: Date | null;

  @Column('timestamptz', { name: 'retired_at', nullable: true })
  retiredAt!: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}

/** What a key is for at `now`. */
export function stateOf(
  key: Pick<SigningKey, 'signsFrom' | 'signsUntil' | 'retiredAt' | 'revokedAt'>,
  now = new Date(),
): KeyState {
  if (key.revokedAt !== null) return 'revoked';
  if (key.retiredAt !== null) return 'retired';
  if (key.signsUntil !== null && key.signsUntil <= now) return 'verifying';
  return key.signsFrom <= now ? 'signing' : 'next';
}
