import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { cli, cliJson, type CommandResult } from '../support/cli.js';
import { ask, basic } from '../support/clients.js';
import { join as joinService, login, PASSWORD, someone } from '../support/people.js';
import { createDatabase, isEmbedded, startService, type Service } from '../support/service.js';

interface Issued {
  id: string;
  secret: string;
  name: string;
  scopes: string[];
}

const shown = ({ out, error }: CommandResult): string => out + error;

describe.skipIf(isEmbedded)('while the service runs', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.close());
  afterEach(() => void vi.useRealTimers());

  const ostiary = (...args: string[]): Promise<CommandResult> => cli(service.variables, args);
  const json = <T>(args: string[], more?: { input?: string; expected?: number }): Promise<T> =>
    cliJson<T>(service.variables, args, more);
  const isActive = async (token: string, client: Issued): Promise<number> =>
    (await ask(service, 'introspect', { token }, basic(client.id, client.secret))).status;
  const me = async (token: string): Promise<number> =>
    (await service.request('GET', '/api/auth/me/', { token })).status;

  it('makes, lists, rotates and removes service clients', async () => {
    const { access } = await joinService(service);
    const first = await json<Issued>(['client', 'create', 'billing', '--scope', 'introspect', 'revoke']);
    expect(first).toMatchObject({ name: 'billing', scopes: ['introspect', 'revoke'] });
    expect(first.secret).toMatch(/^[\w-]{43}$/);
    expect(await isActive(access, first)).toBe(200);

    const list = await ostiary('client', 'list');
    expect(list.out).toContain(first.id);
    expect(list.out).not.toContain(first.secret);
    const dump = await service.sql<{ text: string }>('SELECT s::text AS text FROM service_client_secrets s');
    expect(JSON.stringify(dump)).not.toContain(first.secret);

    const second = await json<Issued>(['client', 'rotate', first.id]);
    expect(second.id).toBe(first.id);
    for (const client of [first, second]) expect(await isActive(access, client)).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 168 * 3_600_000 });
    expect([await isActive(access, first), await isActive(access, second)]).toEqual([401, 200]);
    vi.useRealTimers();

    const third = await json<Issued>(['client', 'rotate', first.id]);
    const states = await Promise.all([first, second, third].map((client) => isActive(access, client)));
    expect(states).toEqual([401, 200, 200]);
    const fourth = await json<Issued>(['client', 'rotate', first.id, '--overlap', '0']);
    expect(await Promise.all([third, fourth].map((client) => isActive(access, client)))).toEqual([401, 200]);

    expect((await ostiary('client', 'remove', first.id)).code).toBe(0);
    expect(await isActive(access, fourth)).toBe(401);
    expect(await ostiary('client', 'remove', first.id)).toMatchObject({ code: 1, out: '' });
    expect((await ostiary('client', 'rotate', first.id)).code).toBe(1);
  });

  it('makes accounts, and changes what they are', async () => {
    const email = someone();
    const made = await json<{ id: number; role: string; state: string }>(
      ['user', 'create', email, '--role', 'Admin', '--username', 'ada', '--first-name', 'Ada', '--password-stdin'],
      { input: `${PASSWORD}\n` },
    );
    expect(made).toMatchObject({ role: 'Admin', state: 'active', username: 'ada', firstName: 'Ada' });
    const { body } = await login(service, email);
    expect(body.user.role).toBe('Admin');
    for (const who of [String(made.id), email.toUpperCase(), 'ADA', body.user.id]) {
      expect(await json(['user', 'show', who])).toMatchObject({ id: made.id });
    }
    expect((await ostiary('user', 'show', email)).out).not.toContain('argon2');

    await ostiary('user', 'role', email, 'Manager');
    const answer = await service.request<{ role: string }>('GET', '/api/auth/me/', { token: body.access });
    expect(answer.body.role).toBe('Manager');

    const disabled = await json<{ state: string }>(['user', 'disable', email]);
    expect(disabled.state).toBe('disabled');
    expect(await me(body.access)).toBe(401);
    expect((await login(service, email)).status).toBe(400);
    await ostiary('user', 'enable', email);
    // The session stays ended.
    expect(await me(body.access)).toBe(401);
    expect((await login(service, email)).status).toBe(200);
    const events = await service.sql<{ event: string }>(
      'SELECT event FROM account_events WHERE user_id = $1 ORDER BY id',
      [made.id],
    );
    expect(events.map(({ event }) => event)).toEqual([
      'registration',
      'login',
      'role_change',
      'account_disabled',
      'login_failed',
      'account_enabled',
      'login',
    ]);
  });

  it('makes an account without a password, whose owner sets one', async () => {
    const email = someone();
    expect((await ostiary('user', 'create', email)).out).toContain('asks for a reset');
    expect((await login(service, email)).status).toBe(400);
  });

  it.each([
    [['user', 'create', 'no address'], 2, 'not an e-mail address'],
    [['user', 'create', 'a@example.com', '--role', 'King'], 2, 'Allowed choices'],
    [['user', 'create', 'weak@example.com', '--password-stdin'], 1, 'too common'],
    [['user', 'show', 'nobody@example.com'], 1, 'There is no account'],
    [['user', 'show', '9999'], 1, 'There is no account'],
    [['user', 'frobnicate'], 2, "unknown command 'frobnicate'"],
    [['user', 'role', 'nobody@example.com', 'Admin'], 1, 'There is no account'],
    [['client', 'create', 'x', '--scope', 'everything'], 2, 'Allowed choices'],
    [['client', 'create', ''], 2, 'One line'],
    [['client', 'rotate', 'x', '--overlap', '-1'], 2, 'hours'],
    [['keys', 'revoke', 'nowhere'], 1, 'There is no key'],
    [['mail', 'retry', 'x'], 2, 'A UUID is meant'],
    [['mail', 'retry', '00000000-0000-4000-8000-000000000000'], 1, 'neither queued nor given up'],
    [['secret', 'rotate'], 1, 'SECRET_KEY_PREVIOUS is not set'],
    [['token', 'explain', 'x'], 1, ''],
    [['frobnicate'], 2, "unknown command 'frobnicate'"],
  ])('%j ends with %i', async (args, code, words) => {
    const result = await cli(service.variables, args, 'password123');
    expect([shown(result), result.code]).toEqual([expect.stringContaining(words) as string, code]);
  });

  it('shows and ends sessions', async () => {
    const email = someone();
    await joinService(service, email);
    const [one, other] = [(await login(service, email)).body, (await login(service, email)).body];
    const sessions = await json<{ id: string; endedAt: string | null }[]>(['user', 'sessions', email]);
    expect(sessions).toHaveLength(3);
    const { sid } = JSON.parse(Buffer.from(one.access.split('.')[1]!, 'base64url').toString()) as { sid: string };
    expect((await ostiary('user', 'sessions', email, '--end', sid)).code).toBe(0);
    expect([await me(one.access), await me(other.access)]).toEqual([401, 200]);
    expect((await ostiary('user', 'sessions', email, '--end', sid)).code).toBe(1);
    expect(await json(['user', 'sessions', email, '--end-all'])).toEqual({ ended: 2 });
    expect(await me(other.access)).toBe(401);
    expect((await ostiary('user', 'sessions', email)).out).toContain('revoked');
  });

  it('rotates, retires and revokes keys, and the running service hears of it', async () => {
    const ring = service.get(KeyRing);
    const old = ring.signing.kid;
    const { access } = await joinService(service);
    const { kid: next } = await json<{ kid: string }>(['keys', 'rotate']);
    await vi.waitFor(() => expect(ring.publicKey(next)).toBeDefined(), { timeout: 2_000 });
    expect(ring.signing.kid).toBe(old);
    const refused = await ostiary('keys', 'retire', old);
    expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('signs. Rotate first') as string]);
    expect(await json(['keys', 'rotate', '--now'])).toMatchObject({ kid: next, isNew: false });
    await vi.waitFor(() => expect(ring.signing.kid).toBe(next), { timeout: 2_000 });
    expect(await me(access)).toBe(200);
    await ostiary('keys', 'revoke', old);
    await vi.waitFor(async () => expect(await me(access)).toBe(401), { timeout: 2_000 });
    const list = await json<{ kid: string; state: string }[]>(['keys', 'list']);
    expect(list.map(({ kid, state }) => [kid, state])).toEqual([
      [next, 'signing'],
      [old, 'revoked'],
    ]);
    expect(JSON.stringify(list)).not.toMatch(/private|sealed|"d"/i);
  });

  it('explains tokens', async () => {
    const email = someone();
    await joinService(service, email);
    const { body } = await login(service, email);
    const explain = async (token: string, expected: number): Promise<string> =>
      (await json<{ code: string }>(['token', 'explain', '-'], { input: `${token}\n`, expected })).code;
    expect(await explain(body.access, 0)).toBe('good');
    await service.request('POST', '/api/auth/logout/', { token: body.access, body: { refresh: body.refresh } });
    expect(await explain(body.access, 1)).toBe('session_ended');
    const { out } = await ostiary('token', 'explain', body.access);
    expect(out).toMatch(/^session_ended: Its session ended at 20\S+Z: its owner logged out\.\n/);
  });

  it('lists mails, and tries again what was given up', async () => {
    const email = someone();
    await joinService(service, email);
    const mails = await json<{ id: string; recipient: string; status: string }[]>(['mail', 'list', '--limit', '1']);
    expect(mails).toHaveLength(1);
    expect(await json(['mail', 'retry'])).toEqual({ retried: 0 });
    await service.sql(
      `INSERT INTO outgoing_mails (id, user_id, kind, recipient, sealed_letter, status, attempts, created_at, next_attempt_at, finished_at)
       SELECT '7b0f5b44-6a43-4a0a-9d7c-3b5f4d1c2e11', id, 'x', email, 'x', 'dead', 9, now(), now(), now() FROM users LIMIT 1`,
    );
    expect((await ostiary('mail', 'list', '--status', 'dead')).out).toContain('7b0f5b44');
    expect(await json(['mail', 'retry', '7b0f5b44-6a43-4a0a-9d7c-3b5f4d1c2e11'])).toEqual({ retried: 1 });
  });

  it('finds nothing to migrate, and says how everything is', async () => {
    expect(await json(['migrate'])).toEqual({ ran: [] });
    expect(await json(['migrate', '--check'])).toEqual({ pending: [] });
    const findings = await json<{ what: string; verdict: string }[]>(['doctor']);
    const verdicts = Object.fromEntries(findings.map(({ what, verdict }) => [what, verdict]));
    expect(verdicts).toMatchObject({
      settings: 'good',
      database: 'good',
      migrations: 'good',
      keys: 'good',
      mail: 'good',
    });
  });

  it('says what is wrong, and never a secret', async () => {
    const wrongKey = await cli({ ...service.variables, SECRET_KEY: 'another-secret-key-0123456789-0123456789' }, [
      'doctor',
    ]);
    expect(wrongKey.code).toBe(1);
    expect(wrongKey.out).toMatch(/BAD {3}keys .*another SECRET_KEY/);
    const noMail = await cli({ ...service.variables, SMTP_URL: 'smtp://me:hunter2hunter2@127.0.0.1:1' }, ['doctor']);
    expect(noMail.out).toMatch(/BAD {3}mail +E\w+/);
    const noDatabase = { ...service.variables, DATABASE_URL: 'postgres://me:hunter2hunter2@127.0.0.1:1/none' };
    const away = await cli(noDatabase, ['doctor']);
    expect(away.out).toMatch(/BAD {3}database +ECONNREFUSED/);
    expect(await cli(noDatabase, ['keys', 'list'])).toMatchObject({
      code: 3,
      error: 'The database cannot be reached. See: ostiary doctor\n',
    });
    expect(shown(noMail) + shown(away)).not.toContain('hunter2');
    const unfit = await cli({ ...service.variables, PORT: 'x' }, ['doctor']);
    expect([unfit.code, unfit.out]).toEqual([1, expect.stringContaining('PORT') as string]);
    expect(await cli({ ...service.variables, PORT: 'x' }, ['keys', 'list'])).toMatchObject({ code: 3 });
  });
});

describe('help', () => {
  it('is there for every command, and tells each option', async () => {
    const top = await cli({}, ['--help']);
    expect(top.code).toBe(0);
    const groups = [...top.out.matchAll(/^ {2}(\w+)(?: \[options\])?(?: [<[]\w+[>\]])? {2,}/gm)].map(
      ([, name]) => name!,
    );
    expect(groups).toEqual(['migrate', 'user', 'client', 'keys', 'secret', 'token', 'mail', 'doctor', 'help']);
    for (const group of groups.filter((it) => it !== 'help')) {
      const { code, out } = await cli({}, [group, '--help']);
      expect([group, code, out]).toEqual([group, 0, expect.stringContaining('Usage: ostiary') as string]);
    }
  });
});

describe('on the embedded database', () => {
  it('works while the service is stopped, and says so while it runs', async () => {
    const database = await createDatabase();
    const variables = { NODE_ENV: 'test', DATA_DIR: database.variables.DATA_DIR, ARGON2_MEMORY_KIB: '1024', PORT: '0' };
    expect(await cli(variables, ['client', 'list'])).toMatchObject(isEmbedded ? { code: 0 } : { code: 3 });
    expect((await cli(variables, ['migrate'])).code).toBe(0);
    const client = await cliJson<Issued>(variables, ['client', 'create', 'embedded']);
    expect(await cliJson(variables, ['keys', 'list'])).toMatchObject([{ state: 'signing' }]);
    const lock = join(variables.DATA_DIR, 'embedded.lock');
    const running = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      const began = readFileSync(`/proc/${running.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
      writeFileSync(lock, `${running.pid} ${began}`);
      const busy = await cli(variables, ['client', 'list']);
      expect([busy.code, busy.error]).toEqual([3, expect.stringContaining('is in use by process') as string]);
    } finally {
      running.kill('SIGKILL');
      rmSync(lock);
    }
    const service = await startService({ DATABASE_URL: undefined, SECRET_KEY: undefined }, { database });
    const answer = await ask(service, 'introspect', { token: 'x' }, basic(client.id, client.secret));
    expect(answer.body).toEqual({ active: false });
    await service.close();
    expect(await cliJson(variables, ['client', 'list'])).toMatchObject([{ id: client.id }]);
    await database.drop();
  }, 60_000);
});
