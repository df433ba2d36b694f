import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

export type SessionEnd =
  | 'logout'
  | 'reuse'
  | 'password_change'
  | 'password_reset'
  | 'email_verified'
  | 'email_change'
  | 'disabled'
  | 'revoked';

/**
 * One login. Every token descends from a session and dies with it; the row holds no secret, only the generation that
 * the one good refresh token names.
 */
@Entity('sessions')
@Check('sessions_ended_check', `(ended_at IS NULL) = (ended_reason IS NULL)`)
@Check(
  'sessions_ended_reason_check',
  `ended_reason IN ('logout', 'reuse', 'password_change', 'password_reset', 'email_verified', 'email_change', 'disabled', 'revoked')`,
)
export class Session {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  @Index('sessions_user_id_idx')
  @Column('integer', { name: 'user_id' })
  @ForeignKey('User', 'id', { name: 'sessions_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  /** The name of the surface that opened it; its refresh tokens are good there only. */
  @Column('text')
  surface!: string;

  /** Seconds that an access token of this session lives. */
  @Column('integer', { name: 'access_ttl' })
  accessTtl!: number;

  @Column('integer', { default: 0 })
  generation!: number;

  @Column('timestamptz', { name: 'rotated_at', nullable: true })
  rotatedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_used_at' })
  lastUsedAt!: Date;

  /** The absolute end; refreshing does not move it. */
  @Index('sessions_expires_at_idx')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  @Column('text', { name: 'ended_reason', nullable: true })
  endedReason!: SessionEnd | null;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;
}
