import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

export type MailStatus = 'queued' | 'sent' | 'dead' | 'expired';

/**
 * A mail that we promised, written in the transaction of what it tells about. The letter is sealed while it waits,
 * since most letters hold a secret, and erased when it was sent.
 */
@Entity('outgoing_mails')
@Check('outgoing_mails_status_check', `status IN ('queued', 'sent', 'dead', 'expired')`)
@Check('outgoing_mails_sealed_letter_check', `status NOT IN ('sent', 'expired') OR sealed_letter IS NULL`)
@Index('outgoing_mails_queued_idx', ['nextAttemptAt'], { where: `status = 'queued'` })
export class OutgoingMail {
  /** Also the left side of the Message-ID, the same at every attempt. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'outgoing_mails_pkey' })
  id!: string;

  @Index('outgoing_mails_user_id_idx')
  @Column('integer', { name: 'user_id' })
  @ForeignKey('User', 'id', { name: 'outgoing_mails_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  @Column('text')
  kind!: string;

  @Column('text')
  recipient!: string;

  @Column('bytea', { name: 'sealed_letter', nullable: true })
  sealedLetter!: Buffer | null;

  @Column('text', { default: 'queued' })
  status!: MailStatus;

  @Column('integer', { default: 0 })
  attempts!: number;

  /** Of a claimed mail, the end of the claim: a dispatcher that died leaves nothing behind. */
  @Column('timestamptz', { name: 'next_attempt_at' })
  nextAttemptAt!: Date;

  @Column('text', { name: 'last_error', nullable: true })
  lastError!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** When the secret in it dies: a mail that is late by then is not sent. */
  @Column('timestamptz', { name: 'useless_after', nullable: true })
  uselessAfter!: Date | null;

  @Index('outgoing_mails_finished_at_idx')
  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
