import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** When a mail of a kind last went to an address, so that nobody can have us fill a stranger's mailbox. */
@Entity('mail_cooldowns')
export class MailCooldown {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'mail_cooldowns_pkey' })
  kind!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'mail_cooldowns_pkey' })
  recipient!: string;

  @Index('mail_cooldowns_last_at_idx')
  @Column('timestamptz', { name: 'last_at' })
  lastAt!: Date;
}
