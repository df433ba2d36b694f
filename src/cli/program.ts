import { Command, CommanderError } from 'commander';
import { UnfitEnvironment } from '../platform/config/environment.js';
import { EmbeddedDatabaseInUse } from '../platform/database/embedded.js';
import { isDatabaseUnavailable } from '../platform/database/errors.js';
import { PendingMigrations } from '../platform/database/migrate.js';
import { addClientCommands } from './commands/client.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addKeysCommands } from './commands/keys.js';
import { addMailCommands } from './commands/mail.js';
import { addMigrateCommand } from './commands/migrate.js';
import { addSecretCommands } from './commands/secret.js';
import { addTokenCommands } from './commands/token.js';
import { addUserCommands } from './commands/user.js';
import { Refusal, Run, type Terminal } from './session.js';

export const EXIT = { done: 0, refused: 1, usage: 2, unavailable: 3 } as const;

/** Runs one command, and answers the exit code. Never throws what a person could have caused. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return tell(error, terminal);
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('ostiary');
  const run = new Run(terminal, () => program.opts<{ json?: boolean }>().json === true);
  program
    .description('Operates an Ostiary service: on the environment variables, and the .env file, that the service has.')
    .option('--json', 'answer in JSON')
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.error.write(text),
    })
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .addHelpText(
      'after',
      [
        '',
        'Commands work on a PostgreSQL while the service runs, and on the embedded database while it is stopped.',
        'Exit codes: 0 done; 1 refused, or something is wrong; 2 wrong usage; 3 the settings are not fit, or the',
        'database is not there.',
      ].join('\n'),
    );
  addMigrateCommand(program, run);
  addUserCommands(program, run);
  addClientCommands(program, run);
  addKeysCommands(program, run);
  addSecretCommands(program, run);
  addTokenCommands(program, run);
  addMailCommands(program, run);
  addDoctorCommand(program, run);
  for (const command of everyCommand(program)) inherit(command, program);
  return program;
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((it) => [it, ...everyCommand(it)]);
}

/** `--json` may stand behind the command, too. */
function inherit(command: Command, program: Command): void {
  if (command.commands.length > 0) return;
  command.option('--json', 'answer in JSON').on('option:json', () => program.setOptionValue('json', true));
}

function tell(error: unknown, { error: out }: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const say = (text: string): void => {
    if (text !== '') out.write(`${text}\n`);
  };
  if (error instanceof Refusal) {
    say(error.message);
    return EXIT.refused;
  }
  if (error instanceof PendingMigrations) {
    say(`${error.message} Run: ostiary migrate`);
    return EXIT.unavailable;
  }
  if (error instanceof UnfitEnvironment || error instanceof EmbeddedDatabaseInUse) {
    say(error.message);
    return EXIT.unavailable;
  }
  if (isDatabaseUnavailable(error)) {
    say('The database cannot be reached. See: ostiary doctor');
    return EXIT.unavailable;
  }
  say(error instanceof Error ? error.message : String(error));
  return EXIT.refused;
}
