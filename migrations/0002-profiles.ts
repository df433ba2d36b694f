import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Profiles1763600000002 implements MigrationInterface {
  name = 'Profiles1763600000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE profiles (
        user_id integer CONSTRAINT profiles_pkey PRIMARY KEY
          CONSTRAINT profiles_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        country text NOT NULL DEFAULT '',
        profession text NOT NULL DEFAULT '',
        bio text NOT NULL DEFAULT '',
        thoughts text NOT NULL DEFAULT ''
      )
    `);
  }

  down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}
