import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Users1763600000001 implements MigrationInterface {
  name = 'Users1763600000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE users (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT users_pkey PRIMARY KEY,
        public_id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT users_public_id_key UNIQUE,
        email text NOT NULL,
        email_canonical text NOT NULL CONSTRAINT users_email_canonical_key UNIQUE,
        email_verified_at timestamptz,
        username text,
        username_canonical text CONSTRAINT users_username_canonical_key UNIQUE,
        first_name text NOT NULL DEFAULT '',
        last_name text NOT NULL DEFAULT '',
        phone_number text,
        picture text,
        role text NOT NULL DEFAULT 'Viewer',
        state text NOT NULL,
        password_hash text,
        created_at timestamptz NOT NULL,
        last_login_at timestamptz,
        CONSTRAINT users_role_check CHECK (role IN ('Viewer', 'Manager', 'Admin')),
        CONSTRAINT users_state_check CHECK (state IN ('pending', 'active', 'disabled')),
        CONSTRAINT users_username_check CHECK ((username IS NULL) = (username_canonical IS NULL))
      )
    `);
    await runner.query(`CREATE INDEX users_pending_idx ON users (created_at) WHERE state = 'pending'`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
