import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** A copy of a mail, for development only; production writes none. */
@Entity('inbox_mails')
@Unique('inbox_mails_message_id_key', ['messageId'])
export class InboxMail {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'inbox_mails_pkey',
  })
  id!: number;

  @Column('text', { name: 'message_id' })
  messageId!: string;

  /** In lower case, to be searched by. */
  @Index('inbox_mails_recipient_idx')
  @Column('text')
  recipient!: string;

  @Column('bytea', { name: 'sealed_message' })
  sealedMessage!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
