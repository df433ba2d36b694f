import { text } from 'node:stream/consumers';
import { Argument, Option, type Command } from 'commander';
import { OperatorService } from '../../auth/operator.service.js';
import { Failure } from '../../failure.js';
import type { EmailAddress } from '../../users/email-address.js';
import type { Role, User } from '../../users/user.entity.js';
import { emailAddress, label, uuid } from '../arguments.js';
import { printable } from '../output.js';
import { Refusal, type Run } from '../session.js';

const ROLES: readonly Role[] = ['Viewer', 'Manager', 'Admin'];

const WHO = 'number, UUID, e-mail address or username';

interface CreateOptions {
  username?: string;
  firstName?: string;
  lastName?: string;
  role: Role;
  passwordStdin?: boolean;
}

export function addUserCommands(program: Command, run: Run): void {
  const user = program.command('user').description('accounts, and where they are signed in');

  user
    .command('create')
    .description('make an active account; without a password, its owner sets one by a reset')
    .argument('<email>', 'its e-mail address, which is taken for proven', emailAddress)
    .option('--username <name>', 'its username', label)
    .option('--first-name <name>', 'first name', label)
    .option('--last-name <name>', 'last name', label)
    .addOption(new Option('--role <role>', 'its role').choices(ROLES).default('Viewer'))
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText('after', '\nExample:\n  ostiary user create ada@example.com --role Admin')
    .action(async (email: EmailAddress, options: CreateOptions) => {
      const password = options.passwordStdin ? await passwordFrom(run) : null;
      await run.core(async (get) => {
        const { username = null, firstName = '', lastName = '', role } = options;
        const account = { email, username, firstName, lastName, role, password };
        const created = await get(OperatorService).create(account).catch(explain);
        show(run, created, password === null ? 'It has no password yet: its owner asks for a reset.' : '');
      });
    });

  user
    .command('show')
    .description('an account')
    .argument('<who>', WHO)
    .action((who: string) => run.core(async (get) => show(run, known(who, await get(OperatorService).find(who)))));

  user
    .command('disable')
    .description('shut an account out: every session of it ends')
    .argument('<who>', WHO)
    .action((who: string) => run.core(async (get) => show(run, known(who, await get(OperatorService).disable(who)))));

  user
    .command('enable')
    .description('let an account in, whatever kept it out')
    .argument('<who>', WHO)
    .action((who: string) => run.core(async (get) => show(run, known(who, await get(OperatorService).enable(who)))));

  user
    .command('role')
    .description('set the role of an account')
    .argument('<who>', WHO)
    .addArgument(new Argument('<role>', 'the role').choices(ROLES))
    .action((who: string, role: Role) =>
      run.core(async (get) => show(run, known(who, await get(OperatorService).setRole(who, role)))),
    );

  user
    .command('sessions')
    .description('where an account is signed in, and was; or end that')
    .argument('<who>', WHO)
    .option('--end <id>', 'end this session', uuid)
    .option('--end-all', 'end every session')
    .action((who: string, { end, endAll = false }: { end?: string; endAll?: boolean }) =>
      run.core(async (get) => {
        const operator = get(OperatorService);
        if (end !== undefined || endAll) {
          const ended = known(who, await operator.endSessions(who, endAll ? undefined : end));
          if (ended === 0 && !endAll) throw new Refusal(`${printable(who)} has no open session ${end ?? ''}.`);
          run.output.say({ ended }, `${ended} ended.`);
          return;
        }
        const sessions = known(who, await operator.sessionsOf(who));
        const rows = sessions.map((session) => ({
          id: session.id,
          surface: session.surface,
          created: session.createdAt,
          'last used': session.lastUsedAt,
          until: session.endedAt ?? session.expiresAt,
          end: session.endedReason ?? (session.expiresAt <= new Date() ? 'expired' : 'open'),
          ip: session.ip,
          'user agent': session.userAgent,
        }));
        run.output.list(sessions, rows, 'There are no sessions.');
      }),
    );
}

function show({ output }: Run, user: User, note = ''): void {
  const { id, publicId, email, username, firstName, lastName, role, state, createdAt } = user;
  const { emailVerifiedAt, lastLoginAt } = user;
  const data = {
    id,
    publicId,
    email,
    username,
    firstName,
    lastName,
    role,
    state,
    createdAt,
    emailVerifiedAt,
    lastLoginAt,
  };
  const lines = Object.entries(data).map(([name, value]) => {
    const shown = value instanceof Date ? value.toISOString() : printable(String(value ?? '-') || '-');
    return `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).padEnd(18)}${shown}`;
  });
  output.say(data, [...lines, ...(note === '' ? [] : ['', note])].join('\n'));
}

function known<T>(who: string, found: T | null): T {
  if (found === null) throw new Refusal(`There is no account ${printable(who)}.`);
  return found;
}

/** One line, without its end. */
async function passwordFrom({ terminal }: Run): Promise<string> {
  const password = (await text(terminal.input)).replace(/\r?\n$/, '');
  if (password === '') throw new Refusal('There is no password on standard input.');
  return password;
}

function explain(error: unknown): never {
  if (!(error instanceof Failure)) throw error;
  const { code, details } = error as Failure;
  if (code === 'email_taken') throw new Refusal('This address has an account.');
  if (code === 'username_taken') throw new Refusal('This username is taken.');
  if (code === 'weak_password') throw new Refusal(`The password is ${words(details)}.`);
  throw error;
}

function words(details: object): string {
  return (details as { weaknesses: string[] }).weaknesses.join(', ').replaceAll('_', ' ');
}
