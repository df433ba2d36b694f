import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What an account's history tells of. */
export type AccountEventName =
  | 'registration'
  | 'activation'
  | 'login'
  | 'login_failed'
  | 'logout'
  | 'password_change'
  | 'password_reset_request'
  | 'password_reset'
  | 'email_change'
  | 'profile_update'
  | 'session_reused'
  | 'session_revoked'
  | 'account_disabled'
  | 'account_enabled'
  | 'role_change';

/** One thing that happened to an account, and from where. Holds no secret. */
@Entity('account_events')
@Index('account_events_user_id_idx', ['userId', 'id'])
export class AccountEvent {
  /** A `bigint`, which the driver hands over as text. */
  @PrimaryColumn('bigint', {
    primaryKeyConstraintName: 'account_events_pkey',
    generatedIdentity: 'ALWAYS',
    generated: 'identity',
  })
  id!: string;

  /** `null` for a login to an account that there is not. */
  @Column('integer', { name: 'user_id', nullable: true })
  @ForeignKey('User', 'id', { name: 'account_events_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number | null;

  @Column('text')
  event!: AccountEventName;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Index('account_events_created_at_idx')
  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
