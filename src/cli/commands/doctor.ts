import type { Command } from 'commander';
import { createTransport } from 'nodemailer';
import { Client } from 'pg';
import { UnfitEnvironment, type Environment, type ReadSettings } from '../../platform/config/environment.js';
import type { DatabaseTarget } from '../../platform/database/data-source.js';
import { pendingMigrations } from '../../platform/database/migrate.js';
import { KeyStore } from '../../tokens/key-store.js';
import { printable } from '../output.js';
import { Refusal, withCore, withDatabase, type Run } from '../session.js';

/** What one look showed; `advice` for whatever is not good. */
interface Finding {
  what: string;
  verdict: 'good' | 'warning' | 'bad';
  message: string;
  advice?: string;
}

const TIMEOUT_MS = 5_000;

/** Milliseconds that a clock may be off before tokens suffer. */
const CLOCK_TOLERANCE_MS = 2_000;

const OLDEST_POSTGRES = 130_000;

export function addDoctorCommand(program: Command, run: Run): void {
  program
    .command('doctor')
    .description(
      'look at settings, database, migrations, keys, mail server, clock and proxy: what is wrong, what to do',
    )
    .addHelpText('after', '\nIt changes nothing. The exit code is 1 if something is bad.')
    .action(async () => {
      const findings = await examine(run);
      const marks = { good: 'ok  ', warning: 'warn', bad: 'BAD ' } as const;
      const lines = findings.flatMap(({ what, verdict, message, advice }) => [
        `${marks[verdict]}  ${what.padEnd(11)} ${printable(message)}`,
        ...(advice === undefined ? [] : [`${' '.repeat(18)}${advice}`]),
      ]);
      run.output.say(findings, lines.join('\n'));
      if (findings.some(({ verdict }) => verdict === 'bad')) throw new Refusal('');
    });
}

async function examine(run: Run): Promise<Finding[]> {
  let settings: ReadSettings;
  try {
    settings = run.settings;
  } catch (error) {
    if (!(error instanceof UnfitEnvironment)) throw error;
    return error.problems.map((message) => bad('settings', message, 'See .env.example for what it may be.'));
  }
  const { environment } = settings;
  const mode = environment.isProduction ? 'production' : `${environment.NODE_ENV}, not for production`;
  return [
    good('settings', `complete, for ${mode}`),
    ...(await examineDatabase(settings)),
    await examineMail(environment),
    ...(await examineAddress(environment)),
  ];
}

async function examineDatabase(settings: ReadSettings): Promise<Finding[]> {
  const { DATABASE_URL: url } = settings.environment;
  try {
    const server =
      url === undefined
        ? [warning('database', 'embedded: for one process, and for trying out', 'Set DATABASE_URL for a real one.')]
        : await examineServer(url);
    if (server.some(({ verdict }) => verdict === 'bad')) return server;
    const pending = await withDatabase(settings, (database: DatabaseTarget) => pendingMigrations(database));
    if (pending.length > 0) {
      const message = `${pending.length} are pending`;
      return [...server, bad('migrations', message, 'Run `ostiary migrate`, or start the service, which does.')];
    }
    return [...server, good('migrations', 'complete'), await examineKeys(settings)];
  } catch (error) {
    const advice = 'Is it running, and are its address, user and password those of DATABASE_URL?';
    return [
      bad('database', wordsOf(error), url === undefined ? 'Stop the service first, or set DATABASE_URL.' : advice),
    ];
  }
}

async function examineServer(url: string): Promise<Finding[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const asked = Date.now();
    const { rows } = await client.query<{ version: string; number: string; now: Date; ssl: boolean | null }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
              clock_timestamp() AS now, (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS ssl`,
    );
    const answered = Date.now();
    const [row] = rows;
    if (row === undefined) return [bad('database', 'it does not answer', 'See its log.')];
    const isOld = Number(row.number) < OLDEST_POSTGRES;
    const name = `PostgreSQL ${row.version}, ${row.ssl === true ? 'over TLS' : 'without TLS'}`;
    const apart = Math.max(0, asked - row.now.getTime(), row.now.getTime() - answered);
    return [
      isOld ? bad('database', name, 'Version 13 is the oldest that is served.') : good('database', name),
      apart > CLOCK_TOLERANCE_MS
        ? warning('clock', `the database's is ${Math.round(apart / 1000)} s apart`, 'Let NTP set both clocks.')
        : good('clock', 'that of the database agrees'),
    ];
  } finally {
    await client.end();
  }
}

async function examineKeys(settings: ReadSettings): Promise<Finding> {
  try {
    const keys = await withCore(settings, (get) => get(KeyStore).report());
    const signing = keys.find(({ state }) => state === 'signing');
    if (signing === undefined) return bad('keys', 'none signs', 'Run `ostiary keys rotate --now`.');
    return good('keys', `${signing.kid} signs since ${signing.signsFrom.toISOString()}`);
  } catch (error) {
    return bad('keys', wordsOf(error), 'SECRET_KEY has to be the one that this database was first started with.');
  }
}

async function examineMail({ SMTP_URL: url }: Environment): Promise<Finding> {
  if (url === undefined) return warning('mail', 'goes to the development inbox only', 'Set SMTP_URL to send it.');
  const transport = createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
  });
  try {
    await transport.verify();
    return good('mail', 'the server answers, and lets us in');
  } catch (error) {
    const { code = 'EUNKNOWN', responseCode } = error as { code?: string; responseCode?: number };
    const advice =
      code === 'EAUTH'
        ? 'It refuses the user or the password of SMTP_URL.'
        : 'Are host, port and scheme of SMTP_URL right (smtps:// for 465, smtp:// for 587), and is the way there open?';
    return bad('mail', [code, responseCode].filter((it) => it !== undefined).join(' '), advice);
  } finally {
    transport.close();
  }
}

/** The way that browsers take, by way of whatever is in front. */
async function examineAddress(environment: Environment): Promise<Finding[]> {
  const { publicUrl, TRUST_PROXY: trust } = environment;
  const url = `${publicUrl}/health/live`;
  const isSecure = publicUrl.startsWith('https:');
  const findings: Finding[] = [];
  if (environment.isProduction && !isSecure) {
    findings.push(
      bad('address', 'PUBLIC_URL is plain http', 'Tokens and passwords need TLS: let a proxy terminate it.'),
    );
  }
  if (isSecure && trust === 'off') {
    const advice = 'Name the proxy that terminates TLS in TRUST_PROXY, or every visitor has its address.';
    findings.push(warning('proxy', 'PUBLIC_URL is https, and TRUST_PROXY is off', advice));
  }
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const isOurs = response.ok && response.headers.has('x-request-id');
    const apart = Math.abs(Date.now() - Date.parse(response.headers.get('date') ?? ''));
    await response.body?.cancel();
    if (!isOurs) {
      const advice = 'PUBLIC_URL has to lead to this service, path included; see what the proxy does with the request.';
      findings.push(bad('address', `${url} answers ${response.status}, and not as this service`, advice));
    } else if (apart > CLOCK_TOLERANCE_MS + 1_000) {
      findings.push(warning('clock', 'the one behind PUBLIC_URL is apart from this one', 'Let NTP set both clocks.'));
    } else {
      findings.push(good('address', `${publicUrl} leads to the service`));
    }
  } catch (error) {
    const advice = 'Fine if the service is stopped; otherwise see name, port and proxy of PUBLIC_URL.';
    findings.push(warning('address', `${url} does not answer (${wordsOf(error)})`, advice));
  }
  return findings;
}

/** A code rather than words: those of a driver may hold an address or a password. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause instanceof Error && 'code' in cause ? wordsOf(cause) : error.message;
}

const good = (what: string, message: string): Finding => ({ what, verdict: 'good', message });

const warning = (what: string, message: string, advice: string): Finding => ({
  what,
  verdict: 'warning',
  message,
  advice,
});

const bad = (what: string, message: string, advice: string): Finding => ({ what, verdict: 'bad', message, advice });
