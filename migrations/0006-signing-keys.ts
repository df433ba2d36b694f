import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SigningKeys1763600000006 implements MigrationInterface {
  name = 'SigningKeys1763600000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE signing_keys (
        kid text CONSTRAINT signing_keys_pkey PRIMARY KEY,
        algorithm text NOT NULL,
        public_jwk jsonb NOT NULL,
        sealed_private_key bytea NOT NULL,
        state text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT signing_keys_state_check CHECK (state IN ('signing', 'verifying'))
      )
    `);
    await runner.query(`CREATE UNIQUE INDEX signing_keys_signing_idx ON signing_keys (state) WHERE state = 'signing'`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
