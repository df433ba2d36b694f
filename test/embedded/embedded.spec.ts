import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openEmbeddedDatabase } from '../../src/platform/database/embedded.js';
import { askForReset, join, login, PASSWORD, register, someone } from '../support/people.js';
import { startService, type TestDatabase } from '../support/service.js';

// Whatever database the other tests run on, these run on the one that a newcomer gets.
const directory = mkdtempSync(joinPath(tmpdir(), 'ostiary-embedded-'));
const database: TestDatabase = { variables: { DATA_DIR: directory }, drop: () => Promise.resolve() };
const variables = { NODE_ENV: 'development', SECRET_KEY: undefined, DATABASE_URL: undefined };
const lockFile = joinPath(directory, 'embedded.lock');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('with nothing but a folder, the whole story works, and is there after a restart', async () => {
  const first = await startService(variables, { database });
  const person = await join(first);
  const { email } = person.user;
  const { body: pair } = await first.request<{ access: string; refresh: string }>('POST', '/api/auth/token/refresh/', {
    body: { refresh: person.refresh },
  });
  expect((await first.request('GET', '/api/auth/me/', { token: pair.access })).body).toEqual(person.user);
  const reset = await askForReset(first, email);
  await first.request('POST', '/api/auth/password-reset/confirm/', {
    body: { token: reset, password: 'newpassword123' },
  });
  const { body: session } = await login(first, email, 'newpassword123');
  const inbox = await first.request<{ to: string }[]>('GET', `/dev/inbox.json?to=${email}`);
  expect(inbox.body.length).toBeGreaterThanOrEqual(2);
  await first.close();
  expect(existsSync(lockFile)).toBe(false);
  expect(statSync(joinPath(directory, 'secret.key')).mode & 0o777).toBe(0o600);

  const second = await startService(variables, { database });
  expect((await second.request('GET', '/api/auth/me/', { token: session.access })).status).toBe(200);
  expect((await login(second, email, 'newpassword123')).status).toBe(200);
  expect((await login(second, email, PASSWORD)).status).toBe(400);
  expect((await second.request<object[]>('GET', `/dev/inbox.json?to=${email}`)).body.length).toBeGreaterThanOrEqual(2);

  // Many at once share its single connection, in turn.
  const emails = Array.from({ length: 40 }, someone);
  const answers = await Promise.all(emails.map((address) => register(second, address)));
  expect(answers.map(({ status }) => status)).toEqual(Array<number>(40).fill(201));
  await second.smtp.until(() => emails.every((address) => second.smtp.to(address).length === 1), 'mail to everybody');
  const twice = await Promise.all(Array.from({ length: 20 }, () => register(second, 'twice@example.com')));
  expect(twice.filter(({ status }) => status === 201)).toHaveLength(1);
  await second.close();
}, 120_000);

it('a second process is turned away while the first lives, and a dead one is not waited for', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    const began = readFileSync(`/proc/${other.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    writeFileSync(lockFile, `${other.pid} ${began}`);
    await expect(openEmbeddedDatabase(directory)).rejects.toThrow(/in use by process \d+/);
    // The number is taken, but by a process that began at another time.
    writeFileSync(lockFile, `${other.pid} 1`);
    await (await openEmbeddedDatabase(directory)).close();
    writeFileSync(lockFile, '999999 1');
    await (await openEmbeddedDatabase(directory)).close();
    expect(existsSync(lockFile)).toBe(false);
  } finally {
    other.kill('SIGKILL');
  }
}, 60_000);
