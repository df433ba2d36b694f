import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';

/**
 * PostgreSQL inside this process, for trying out: one process at a time, and no fsync, so it survives the end of the
 * process but not of the machine's power.
 */
export interface EmbeddedDatabase {
  readonly server: PGlite;
  close(): Promise<void>;
}

/** Another process has the database open. */
export class EmbeddedDatabaseInUse extends Error {
  override name = 'EmbeddedDatabaseInUse';
}

/** Opens the database kept in `directory`, or makes one. Throws `EmbeddedDatabaseInUse`. */
export async function openEmbeddedDatabase(directory: string): Promise<EmbeddedDatabase> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = await lock(join(directory, 'embedded.lock'), directory);
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const server = await PGlite.create(join(directory, 'pglite'));
    return {
      server,
      async close() {
        await server.close();
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** The server has no lock of its own, and two processes on one folder would ruin it. */
async function lock(file: string, directory: string): Promise<() => Promise<void>> {
  const mine = await identityOf(process.pid);
  for (;;) {
    try {
      await writeFile(file, mine, { flag: 'wx', mode: 0o600 });
      // Two processes that both find a dead owner's file may each remove it; the later one's stays, and the other sees it here.
      await setTimeout(50);
      if ((await read(file)) === mine) return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await read(file);
    const pid = Number.parseInt(owner, 10);
    if (owner !== mine && pid > 0 && (await identityOf(pid)) === owner) {
      throw new EmbeddedDatabaseInUse(
        `The embedded database in ${directory} is in use by process ${pid}. Stop that one, set another DATA_DIR, or ` +
          'set DATABASE_URL to a PostgreSQL that several processes can share.',
      );
    }
    await rm(file, { force: true });
  }
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/**
 * The process id and, where the system tells it, the moment the process began: ids are used again, soonest in
 * containers. Empty when there is no such process.
 */
async function identityOf(pid: number): Promise<string> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  const stat = await read(`/proc/${pid}/stat`);
  // Field 22 of proc(5), counted from behind the command's name, which may hold blanks.
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${pid} ${began}`.trim();
}
