import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Attempts under one key until its window is over; keys are keyed hashes and tell nobody's address. */
@Entity('rate_limits')
export class RateLimit {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'rate_limits_pkey' })
  key!: Buffer;

  @Column('integer')
  taken!: number;

  @Index('rate_limits_expires_at_idx')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
