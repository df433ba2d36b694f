import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OneTimeTokens1763600000004 implements MigrationInterface {
  name = 'OneTimeTokens1763600000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE one_time_tokens (
        id uuid CONSTRAINT one_time_tokens_pkey PRIMARY KEY,
        user_id integer NOT NULL CONSTRAINT one_time_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        purpose text NOT NULL,
        secret_hash bytea NOT NULL CONSTRAINT one_time_tokens_secret_hash_key UNIQUE,
        address text NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN
          ('verify_email', 'reset_password', 'reset_code', 'reset_session'))
      )
    `);
    await runner.query(
      `CREATE UNIQUE INDEX one_time_tokens_live_idx ON one_time_tokens (user_id, purpose) WHERE used_at IS NULL`,
    );
    await runner.query(`CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens (user_id)`);
    await runner.query(`CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at)`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
