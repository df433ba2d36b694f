import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Pictures1763600000009 implements MigrationInterface {
  name = 'Pictures1763600000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE pictures (
        name text CONSTRAINT pictures_pkey PRIMARY KEY,
        user_id integer NOT NULL CONSTRAINT pictures_user_id_key UNIQUE
          CONSTRAINT pictures_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        image bytea NOT NULL,
        created_at timestamptz NOT NULL
      )
    `);
    // WebP is compressed already: PostgreSQL need not try.
    await runner.query(`ALTER TABLE pictures ALTER COLUMN image SET STORAGE EXTERNAL`);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
