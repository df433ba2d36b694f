import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const KEY = /^[0-9a-f]{64}$/;

/**
 * The development stand-in for `SECRET_KEY`: made once in `directory`, readable by its owner only. Processes that start
 * together agree on one key: it appears whole under its name, and only once.
 */
export function secretKeyFrom(directory: string): string {
  const file = join(directory, 'secret.key');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const key = read(file) ?? create(file) ?? read(file);
  if (key === undefined || !KEY.test(key)) {
    throw new Error(`${file} is not a key that this service made. Restore it, or delete the folder to begin anew.`);
  }
  return key;
}

/** `undefined` when somebody else was faster. */
function create(file: string): string | undefined {
  const key = randomBytes(32).toString('hex');
  const draft = `${file}.${process.pid}`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    writeSync(handle, key);
    fsyncSync(handle);
    linkSync(draft, file);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return undefined;
  } finally {
    closeSync(handle);
    rmSync(draft, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}
