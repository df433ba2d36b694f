import type { JsonWebKey } from 'node:crypto';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A key that signs our tokens, or one that signed tokens which still live. The private half is sealed. */
@Entity('signing_keys')
@Check('signing_keys_state_check', `state IN ('signing', 'verifying')`)
@Index('signing_keys_signing_idx', ['state'], { unique: true, where: `state = 'signing'` })
export class SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'signing_keys_pkey' })
  kid!: string;

  @Column('text')
  algorithm!: string;

  @Column('jsonb', { name: 'public_jwk' })
  publicJwk!: JsonWebKey;

  @Column('bytea', { name: 'sealed_private_key' })
  sealedPrivateKey!: Buffer;

  @Column('text')
  state!: 'signing' | 'verifying';

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
