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

    await runner.query(`
      CREATE TABLE security_events (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT security_events_pkey PRIMARY KEY,
        transaction bigint NOT NULL,
        event text NOT NULL,
        subject uuid,
        session_id uuid,
        kid text,
        reason text,
        created_at timestamptz NOT NULL
      )
    `);
    await runner.query(`CREATE INDEX security_events_order_idx ON security_events (transaction, id)`);
    await runner.query(`CREATE INDEX security_events_created_at_idx ON security_events (created_at)`);
    await runner.query(`
      CREATE FUNCTION announce_security_event(event text, subject uuid, session_id uuid, kid text, reason text)
      RETURNS void LANGUAGE sql AS $$
        INSERT INTO security_events (transaction, event, subject, session_id, kid, reason, created_at)
        VALUES (pg_current_xact_id()::text::bigint, $1, $2, $3, $4, $5, clock_timestamp());
        SELECT pg_notify('ostiary_security_events', '');
      $$
    `);
    // Written by the database, so that no statement that ends something can forget it.
    for (const [name, table, moment, announcement] of [
      [
        'announce_session_end',
        'sessions',
        'AFTER UPDATE OF ended_at ON sessions FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)',
        `announce_security_event('session_ended', (SELECT public_id FROM users WHERE id = NEW.user_id), NEW.id, NULL, NEW.ended_reason)`,
      ],
      [
        'announce_account_disabled',
        'users',
        `AFTER UPDATE OF state ON users FOR EACH ROW WHEN (OLD.state <> 'disabled' AND NEW.state = 'disabled')`,
        `announce_security_event('account_disabled', NEW.public_id, NULL, NULL, NULL)`,
      ],
      [
        'announce_account_erased',
        'users',
        'AFTER DELETE ON users FOR EACH ROW',
        `announce_security_event('account_erased', OLD.public_id, NULL, NULL, NULL)`,
      ],
      [
        'announce_credential_change',
        'account_events',
        `AFTER INSERT ON account_events FOR EACH ROW WHEN (NEW.event IN ('password_change', 'password_reset'))`,
        `announce_security_event('credential_changed', (SELECT public_id FROM users WHERE id = NEW.user_id), NULL, NULL, NEW.event)`,
      ],
      [
        'announce_key_revoked',
        'signing_keys',
        'AFTER UPDATE OF revoked_at ON signing_keys FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)',
        `announce_security_event('key_revoked', NULL, NULL, NEW.kid, NULL)`,
      ],
    ] as const) {
      await runner.query(`
        CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM ${announcement};
          RETURN NULL;
        END
        $$
      `);
      await runner.query(`CREATE TRIGGER ${table}_${name} ${moment} EXECUTE FUNCTION ${name}()`);
    }
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
