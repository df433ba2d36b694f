import { MigrationExecutor } from 'typeorm';
import { migratingDataSource, type DatabaseTarget } from './data-source.js';

/** Any constant will do, as long as nothing else on this database locks it. */
const LOCK = 7_312_001;

/**
 * Runs what is pending, all or nothing, and answers the names of what ran. Instances that start together take turns, so
 * each finds the schema complete.
 */
export async function migrate(target: DatabaseTarget): Promise<string[]> {
  const dataSource = await migratingDataSource(target);
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'none';
    const ran = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return ran.map((migration) => migration.name);
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

/** The schema is older than the program. */
export class PendingMigrations extends Error {
  override name = 'PendingMigrations';

  constructor(readonly names: readonly string[]) {
    super(`The schema of the database is not complete: ${names.length} migrations are pending.`);
  }
}

/** The names of the migrations that have not run, oldest first. */
export async function pendingMigrations(target: DatabaseTarget): Promise<string[]> {
  const dataSource = await migratingDataSource(target);
  try {
    return (await new MigrationExecutor(dataSource).getPendingMigrations()).map(({ name }) => name);
  } finally {
    await dataSource.destroy();
  }
}

/** Throws `PendingMigrations`. */
export async function expectMigrated(target: DatabaseTarget): Promise<void> {
  const names = await pendingMigrations(target);
  if (names.length > 0) throw new PendingMigrations(names);
}
