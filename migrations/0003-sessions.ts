import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Sessions1763600000003 implements MigrationInterface {
  name = 'Sessions1763600000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sessions (
        id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
        user_id integer NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        surface text NOT NULL,
        access_ttl integer NOT NULL,
        generation integer NOT NULL DEFAULT 0,
        rotated_at timestamptz,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz,
        ended_reason text,
        ip text,
        user_agent text,
        CONSTRAINT sessions_ended_check CHECK ((ended_at IS NULL) = (ended_reason IS NULL)),
        CONSTRAINT sessions_ended_reason_check CHECK (ended_reason IN
          ('logout', 'reuse', 'password_change', 'password_reset', 'email_verified', 'email_change', 'disabled'))
      )
    `);
    await runner.query(`CREATE INDEX sessions_user_id_idx ON sessions (user_id)`);
    await runner.query(`CREATE INDEX sessions_expires_at_idx ON sessions (expires_at)`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
