import type { MigrationInterface, QueryRunner } from 'typeorm';

export class HistoryAndAddresses1763600000008 implements MigrationInterface {
  name = 'HistoryAndAddresses1763600000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account_events (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT account_events_pkey PRIMARY KEY,
        user_id integer CONSTRAINT account_events_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        event text NOT NULL,
        ip text,
        user_agent text,
        created_at timestamptz NOT NULL
      )
    `);
    await runner.query(`CREATE INDEX account_events_user_id_idx ON account_events (user_id, id)`);
    await runner.query(`CREATE INDEX account_events_created_at_idx ON account_events (created_at)`);

    await runner.query(`ALTER TABLE users ADD COLUMN password_version integer NOT NULL DEFAULT 0`);
    await runner.query(`ALTER TABLE one_time_tokens ADD COLUMN registration jsonb`);

    await runner.query(`
      CREATE TABLE reserved_usernames (
        username_canonical text CONSTRAINT reserved_usernames_pkey PRIMARY KEY,
        until timestamptz NOT NULL
      )
    `);

    // Every row there is fits the wider rule, so nothing has to be looked at under a lock.
    await runner.query(`ALTER TABLE one_time_tokens DROP CONSTRAINT one_time_tokens_purpose_check`);
    await runner.query(`
      ALTER TABLE one_time_tokens ADD CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN
        ('verify_email', 'reset_password', 'reset_code', 'reset_session', 'reset_email', 'confirm_email')) NOT VALID
    `);
    await runner.query(`ALTER TABLE one_time_tokens VALIDATE CONSTRAINT one_time_tokens_purpose_check`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
