import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/platform/database/migrate.js';
import { openEmbeddedDatabase } from '../../src/platform/database/embedded.js';

/** Where test files get their databases from: clones of a migrated one. */
export type TestDatabases = { kind: 'server'; url: string; template: string } | { kind: 'embedded'; directory: string };

declare module 'vitest' {
  interface ProvidedContext {
    databases: TestDatabases;
  }
}

interface Server {
  url: string;
  stop(): void;
}

/**
 * One PostgreSQL for the whole run: the one of `TEST_DATABASE_URL`, else one started from binaries found on this machine,
 * else the embedded one, which has a single connection; tests that need more say so and are skipped by name.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer();
  if (server === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'ostiary-test-'));
    const database = await openEmbeddedDatabase(directory);
    await migrate({ embedded: database.server });
    await database.close();
    project.provide('databases', { kind: 'embedded', directory });
    return () => Promise.resolve(rmSync(directory, { recursive: true, force: true }));
  }
  const template = `ostiary_test_${process.pid}_template`;
  await onServer(server.url, (client) => client.query(`CREATE DATABASE ${template}`));
  await migrate({ url: databaseUrl(server.url, template) });
  project.provide('databases', { kind: 'server', url: server.url, template });
  return async () => {
    await onServer(server.url, (client) => client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`));
    server.stop();
  };
}

export async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function findServer(): Promise<Server | undefined> {
  const given = process.env.TEST_DATABASE_URL;
  if (given === 'embedded') return undefined;
  if (given) return { url: given, stop: () => undefined };
  const bin = findBinaries();
  return bin === undefined ? undefined : startServer(bin);
}

/** The newest server whose programs are on the path or where Debian and Homebrew put them. */
function findBinaries(): string | undefined {
  const versions = (parent: string): string[] =>
    existsSync(parent)
      ? readdirSync(parent).toSorted((one, other) => Number.parseInt(other) - Number.parseInt(one))
      : [];
  const folders = [
    ...versions('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`),
    ...versions('/opt/homebrew/opt').map((formula) => `/opt/homebrew/opt/${formula}/bin`),
    ...versions('/usr/local/opt').map((formula) => `/usr/local/opt/${formula}/bin`),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))));
}

async function startServer(bin: string): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'ostiary-test-'));
  const owner = unprivilegedOwner();
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const data = join(directory, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
    ...owner,
    cwd: directory,
    stdio: 'ignore',
  });
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${directory}`,
    'max_connections=300',
  ];
  // Tests need no durability; a run that is killed leaves nothing worth keeping.
  const flags = [...settings, 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap((it) => [
    '-c',
    it,
  ]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...flags], { ...owner, cwd: directory, stdio: 'ignore' });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await untilReady(url, server);
  return {
    url,
    stop: () => {
      server.once('exit', () => rmSync(directory, { recursive: true, force: true }));
      server.kill('SIGQUIT');
    },
  };
}

/** PostgreSQL refuses to run as root. */
function unprivilegedOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].flatMap((name) => accounts.filter((fields) => fields[0] === name))[0];
  return { uid: Number(account?.[2] ?? 65_534), gid: Number(account?.[3] ?? 65_534) };
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with code ${server.exitCode}`);
    try {
      await onServer(url, (client) => client.query('SELECT 1'));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
