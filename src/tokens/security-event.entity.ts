import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type SecurityEventName =
  'session_ended' | 'account_disabled' | 'account_erased' | 'credential_changed' | 'key_revoked';

/** Something that makes tokens worthless before they expire. Rows are written by triggers, and never changed. */
@Entity('security_events')
@Index('security_events_order_idx', ['transaction', 'id'])
export class SecurityEvent {
  /** A `bigint`, which the driver hands over as text. */
  @PrimaryColumn('bigint', {
    primaryKeyConstraintName: 'security_events_pkey',
    generatedIdentity: 'ALWAYS',
    generated: 'identity',
  })
  id!: string;

  /** The transaction that wrote it: ids are given out before transactions commit, and say nothing of the order. */
  @Column('bigint')
  transaction!: string;

  @Column('text')
  event!: SecurityEventName;

  /** The account's UUID. */
  @Column('uuid', { nullable: true })
  subject!: string | null;

  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId!: string | null;

  @Column('text', { nullable: true })
  kid!: string | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Index('security_events_created_at_idx')
  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
