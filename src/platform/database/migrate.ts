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
