import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RateLimits1763600000011 implements MigrationInterface {
  name = 'RateLimits1763600000011';

  async up(runner: QueryRunner): Promise<void> {
    // Unlogged: a count costs no flush of the log, and after a crash of the database counting begins anew.
    await runner.query(`
      CREATE UNLOGGED TABLE rate_limits (
        key bytea CONSTRAINT rate_limits_pkey PRIMARY KEY,
        taken integer NOT NULL,
        expires_at timestamptz NOT NULL
      )
    `);
    await runner.query(`CREATE INDEX rate_limits_expires_at_idx ON rate_limits (expires_at)`);

    // Counts one attempt under every key, or under none: then it answers which key is full, and until when. What was
    // given back of a key is taken off first. Rows are locked in the order of the keys, from the narrowest to the widest.
    await runner.query(`
      CREATE FUNCTION take_rate_limits(
        keys bytea[], most integer[], seconds integer[], given_back integer[], waived boolean[], familiar bytea,
        now timestamptz, OUT refused_at integer, OUT refused_until timestamptz
      ) LANGUAGE plpgsql AS $$
      DECLARE
        is_familiar boolean := EXISTS (SELECT 1 FROM rate_limits r WHERE r.key = familiar AND r.expires_at > now);
      BEGIN
        FOR i IN 1 .. cardinality(keys) LOOP
          IF given_back[i] > 0 THEN
            UPDATE rate_limits r SET taken = greatest(r.taken - given_back[i], 0)
            WHERE r.key = keys[i] AND r.expires_at > now;
          END IF;
          CONTINUE WHEN is_familiar AND waived[i];
          INSERT INTO rate_limits AS r (key, taken, expires_at)
          VALUES (keys[i], 1, now + make_interval(secs => seconds[i]))
          ON CONFLICT (key) DO UPDATE SET
            taken = CASE WHEN r.expires_at <= now THEN 1 ELSE r.taken + 1 END,
            expires_at = CASE WHEN r.expires_at <= now THEN excluded.expires_at ELSE r.expires_at END
          WHERE r.expires_at <= now OR r.taken < most[i];
          IF NOT FOUND THEN
            refused_at := i - 1;
            SELECT r.expires_at INTO refused_until FROM rate_limits r WHERE r.key = keys[i];
            FOR j IN 1 .. i - 1 LOOP
              CONTINUE WHEN is_familiar AND waived[j];
              UPDATE rate_limits r SET taken = greatest(r.taken - 1, 0) WHERE r.key = keys[j];
            END LOOP;
            RETURN;
          END IF;
        END LOOP;
      END
      $$
    `);

    // The keys come in the order in which take_rate_limits locks them.
    await runner.query(`
      CREATE FUNCTION settle_rate_limits(
        keys bytea[], given_back integer[], familiar bytea[], familiar_until timestamptz, now timestamptz
      ) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        FOR i IN 1 .. cardinality(keys) LOOP
          UPDATE rate_limits r SET taken = greatest(r.taken - given_back[i], 0)
          WHERE r.key = keys[i] AND r.expires_at > now;
        END LOOP;
        FOR i IN 1 .. cardinality(familiar) LOOP
          INSERT INTO rate_limits (key, taken, expires_at) VALUES (familiar[i], 0, familiar_until)
          ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at;
        END LOOP;
      END
      $$
    `);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
