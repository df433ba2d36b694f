import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ServiceToService1763600000010 implements MigrationInterface {
  name = 'ServiceToService1763600000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE signing_keys
        ADD COLUMN signs_from timestamptz,
        ADD COLUMN signs_until timestamptz,
        ADD COLUMN retired_at timestamptz,
        ADD COLUMN revoked_at timestamptz,
        ALTER COLUMN sealed_private_key DROP NOT NULL
    `);
    await runner.query(`
      UPDATE signing_keys
      SET signs_from = created_at, signs_until = CASE state WHEN 'verifying' THEN now() END
    `);
    await runner.query(`ALTER TABLE signing_keys ALTER COLUMN signs_from SET NOT NULL`);
    await runner.query(`DROP INDEX signing_keys_signing_idx`);
    await runner.query(`ALTER TABLE signing_keys DROP COLUMN state`);
    await runner.query(
      `CREATE UNIQUE INDEX signing_keys_newest_idx ON signing_keys (algorithm) WHERE signs_until IS NULL`,
    );

    await runner.query(`
      CREATE TABLE service_clients (
        id text CONSTRAINT service_clients_pkey PRIMARY KEY,
        name text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT service_clients_scopes_check CHECK (scopes <@ ARRAY['introspect', 'revoke', 'events', 'explain'])
      )
    `);
    await runner.query(`
      CREATE TABLE service_client_secrets (
        id uuid CONSTRAINT service_client_secrets_pkey PRIMARY KEY,
        client_id text NOT NULL
          CONSTRAINT service_client_secrets_client_id_fkey REFERENCES service_clients (id) ON DELETE CASCADE,
        secret_hash bytea NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz
      )
    `);
    await runner.query(`CREATE INDEX service_client_secrets_client_id_idx ON service_client_secrets (client_id)`);
    // The newest secret of a client is the one without an end.
    await runner.query(`
      CREATE UNIQUE INDEX service_client_secrets_newest_idx ON service_client_secrets (client_id) WHERE expires_at IS NULL
    `);

    // Every row there is fits the wider rule, so nothing has to be looked at under a lock.
    await runner.query(`ALTER TABLE sessions DROP CONSTRAINT sessions_ended_reason_check`);
    await runner.query(`
      ALTER TABLE sessions ADD CONSTRAINT sessions_ended_reason_check CHECK (ended_reason IN
        ('logout', 'reuse', 'password_change', 'password_reset', 'email_verified', 'email_change', 'disabled', 'revoked'))
        NOT VALID
    `);
    await runner.query(`ALTER TABLE sessions VALIDATE CONSTRAINT sessions_ended_reason_check`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
