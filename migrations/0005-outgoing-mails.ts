import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OutgoingMails1763600000005 implements MigrationInterface {
  name = 'OutgoingMails1763600000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outgoing_mails (
        id uuid CONSTRAINT outgoing_mails_pkey PRIMARY KEY,
        user_id integer NOT NULL CONSTRAINT outgoing_mails_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        kind text NOT NULL,
        recipient text NOT NULL,
        sealed_letter bytea,
        status text NOT NULL DEFAULT 'queued',
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL,
        last_error text,
        created_at timestamptz NOT NULL,
        useless_after timestamptz,
        finished_at timestamptz,
        CONSTRAINT outgoing_mails_status_check CHECK (status IN ('queued', 'sent', 'dead', 'expired')),
        CONSTRAINT outgoing_mails_sealed_letter_check CHECK (status NOT IN ('sent', 'expired') OR sealed_letter IS NULL)
      )
    `);
    await runner.query(
      `CREATE INDEX outgoing_mails_queued_idx ON outgoing_mails (next_attempt_at) WHERE status = 'queued'`,
    );
    await runner.query(`CREATE INDEX outgoing_mails_user_id_idx ON outgoing_mails (user_id)`);
    await runner.query(`CREATE INDEX outgoing_mails_finished_at_idx ON outgoing_mails (finished_at)`);
    await runner.query(`
      CREATE TABLE mail_cooldowns (
        kind text NOT NULL,
        recipient text NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT mail_cooldowns_pkey PRIMARY KEY (kind, recipient)
      )
    `);
    await runner.query(`CREATE INDEX mail_cooldowns_last_at_idx ON mail_cooldowns (last_at)`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
