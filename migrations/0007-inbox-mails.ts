import type { MigrationInterface, QueryRunner } from 'typeorm';

export class InboxMails1763600000007 implements MigrationInterface {
  name = 'InboxMails1763600000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE inbox_mails (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT inbox_mails_pkey PRIMARY KEY,
        message_id text NOT NULL CONSTRAINT inbox_mails_message_id_key UNIQUE,
        recipient text NOT NULL,
        sealed_message bytea NOT NULL,
        created_at timestamptz NOT NULL
      )
    `);
    await runner.query(`CREATE INDEX inbox_mails_recipient_idx ON inbox_mails (recipient)`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
