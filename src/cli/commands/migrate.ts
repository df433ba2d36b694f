import type { Command } from 'commander';
import { migrate, pendingMigrations } from '../../platform/database/migrate.js';
import { Refusal, withDatabase, type Run } from '../session.js';

export function addMigrateCommand(program: Command, run: Run): void {
  program
    .command('migrate')
    .description('complete the schema of the database; the service does so by itself when it starts')
    .option('--check', 'change nothing; the exit code is 1 if migrations are pending')
    .action(({ check = false }: { check?: boolean }) =>
      withDatabase(run.settings, async (database) => {
        if (check) {
          const pending = await pendingMigrations(database);
          run.output.say({ pending }, pending.length === 0 ? 'Nothing is pending.' : pending.join('\n'));
          if (pending.length > 0) throw new Refusal(`${pending.length} migrations are pending.`);
          return;
        }
        const ran = await migrate(database);
        run.output.say({ ran }, ran.length === 0 ? 'There was nothing to do.' : ran.join('\n'));
      }),
    );
}
