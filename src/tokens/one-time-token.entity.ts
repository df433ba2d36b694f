import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

export type Purpose =
  'verify_email' | 'reset_password' | 'reset_code' | 'reset_session' | 'reset_email' | 'confirm_email';

/** A secret that was mailed or handed out and is good once, for one purpose of one account. Only its hash is kept. */
@Entity('one_time_tokens')
@Check(
  'one_time_tokens_purpose_check',
  `purpose IN ('verify_email', 'reset_password', 'reset_code', 'reset_session', 'reset_email', 'confirm_email')`,
)
@Unique('one_time_tokens_secret_hash_key', ['secretHash'])
@Index('one_time_tokens_live_idx', ['userId', 'purpose'], { unique: true, where: 'used_at IS NULL' })
export class OneTimeToken {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'one_time_tokens_pkey' })
  id!: string;

  @Index('one_time_tokens_user_id_idx')
  @Column('integer', { name: 'user_id' })
  @ForeignKey('User', 'id', { name: 'one_time_tokens_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  @Column('text')
  purpose!: Purpose;

  @Column('bytea', { name: 'secret_hash' })
  secretHash!: Buffer;

  /** The canonical address that it was made for, and proves; of `confirm_email`, as its owner wrote it. */
  @Column('text')
  address!: string;

  /** Of a proof of an address that was signed up with again: what that sign-up said. */
  @Column('jsonb', { nullable: true })
  registration!: object | null;

  /** Guesses that were evaluated; only codes are short enough to guess. */
  @Column('smallint', { default: 0 })
  attempts!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Index('one_time_tokens_expires_at_idx')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt!: Date | null;
}
