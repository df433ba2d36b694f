// The built service, tried from outside: the README's walk as it stands there, the walk of each surface, a stop and a
// start, and a kill in the middle of registrations. Exits with 1 if anything failed, and leaves nothing behind.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

const directory = mkdtempSync(join(tmpdir(), 'ostiary-smoke-'));
const port = await freePort();
const base = `http://localhost:${port}`;
const started = new Set();
let passed = 0;
let failed = 0;

async function check(name, work) {
  try {
    const note = await work();
    passed += 1;
    console.log(`ok      ${name}${note === undefined ? '' : ` (${note})`}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${error instanceof Error ? error.message : String(error)}`);
  }
}

function expectEqual(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address();
  probe.close();
  await once(probe, 'close');
  return free;
}

/** Answers once the service is ready, with the milliseconds that it took. */
async function start() {
  const began = performance.now();
  const env = { ...process.env, PORT: String(port), DATA_DIR: directory, RATE_LIMITS: 'off', LOG_LEVEL: 'warn' };
  const service = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  service.stdout.resume();
  started.add(service);
  while ((await fetch(`${base}/health/ready`).catch(() => ({ ok: false }))).ok !== true) {
    if (service.exitCode !== null) throw new Error(`the service ended with code ${service.exitCode}`);
    if (performance.now() - began > 60_000) throw new Error('the service is not ready after a minute');
    await setTimeout(20);
  }
  return { service, ms: Math.round(performance.now() - began) };
}

async function stop(service, signal) {
  const exit = once(service, 'exit');
  service.kill(signal);
  const [code] = await exit;
  started.delete(service);
  return code;
}

async function post(path, body) {
  const response = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** The commands of the walk, each with the answer that the README shows for it, if it does. */
function walk() {
  const [, section = ''] = readFileSync('README.md', 'utf8').split('## A first walk');
  const blocks = [...section.split('\n## ')[0].matchAll(/```(bash|json)\n([\s\S]*?)```/g)];
  return blocks.flatMap(([, kind, text], index) => {
    if (kind !== 'bash') return [];
    const next = blocks[index + 1];
    return [{ command: text, answer: next?.[1] === 'json' ? next[2].trim() : undefined }];
  });
}

function runWalk() {
  const steps = walk();
  const mark = '--- next ---';
  const script = steps.map(({ command }) => command).join(`\necho; echo '${mark}'\n`);
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-eu', '-c', script.replaceAll('http://localhost:3000', base)],
    {
      encoding: 'utf8',
    },
  );
  expectEqual(status, 0, `the walk's exit code (${stderr})`);
  const outputs = stdout.split(mark).map((text) => text.trim());
  expectEqual(outputs.length, steps.length, 'answers');
  for (const [index, { answer = '' }] of steps.entries()) {
    const pattern = answer
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^"]+');
    if (!new RegExp(`^${pattern}$`).test(outputs[index])) {
      throw new Error(`the README shows ${answer}\n        and this came: ${outputs[index]}`);
    }
  }
  return `${steps.length} steps`;
}

/** Follows the source document of a surface. */
function runSurfaceWalk(script) {
  const env = { ...process.env, BASE: base };
  const { stdout, stderr, status } = spawnSync('bash', [script], { env, encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`exit code ${status}\n${stdout}${stderr}`);
  return /\d+ answers/.exec(stdout)?.[0];
}

try {
  let { service, ms } = await start();
  await check('the first start is ready within 10 s', () => {
    if (ms > 10_000) throw new Error(`${ms} ms`);
    return `${ms} ms`;
  });
  await check("the README's walk works as it stands there", runWalk);
  const surfaceWalks = readdirSync('docs/walks').filter((name) => /^\d+-.*\.sh$/.test(name));
  for (const script of surfaceWalks.sort()) {
    await check(`docs/walks/${script} finds what its document says`, () => runSurfaceWalk(`docs/walks/${script}`));
  }
  await check('SIGTERM stops it in good order', async () =>
    expectEqual(await stop(service, 'SIGTERM'), 0, 'exit code'),
  );

  ({ service, ms } = await start());
  await check('the account is there after a restart', async () => {
    const login = await post('/api/auth/login/', { email: 'john@example.com', password: 'newpassword123' });
    expectEqual(login.status, 200, 'login');
    return `ready after ${ms} ms`;
  });

  const acknowledged = [];
  const password = 'strongpassword123';
  const registrations = Array.from({ length: 50 }, async (_, index) => {
    const email = `killed${index}@example.com`;
    const answer = await post('/api/auth/register/', { email, password, confirm_password: password }).catch(
      () => undefined,
    );
    if (answer?.status === 201) acknowledged.push(email);
  });
  while (acknowledged.length < 12) await setTimeout(1);
  await stop(service, 'SIGKILL');
  await Promise.all(registrations);

  ({ service, ms } = await start());
  await check('every registration that was acknowledged before a kill is there, and its mail comes', async () => {
    for (const email of acknowledged) {
      const login = await post('/api/auth/login/', { email, password });
      expectEqual(login.body.non_field_errors?.[0], 'Account is not active. Please verify your email first.', email);
      const mails = await (await fetch(`${base}/dev/inbox.json?wait=10&to=${email}`)).json();
      expectEqual(mails.length, 1, `mails to ${email}`);
    }
    return `${acknowledged.length} of 50 acknowledged, ready after ${ms} ms`;
  });
  await check('a second process on the same folder is turned away', async () => {
    const env = { ...process.env, PORT: String(await freePort()), DATA_DIR: directory, LOG_LEVEL: 'silent' };
    const second = spawnSync(process.execPath, ['dist/src/main.js'], { env, encoding: 'utf8', timeout: 30_000 });
    expectEqual(second.status, 1, 'exit code');
    if (!/is in use by process \d+/.test(second.stderr)) throw new Error(second.stderr);
  });
  await check('production names everything that it lacks, at once', () => {
    const env = { PATH: process.env.PATH, NODE_ENV: 'production' };
    const { status, stderr } = spawnSync(process.execPath, [join(process.cwd(), 'dist/src/main.js')], {
      env,
      cwd: directory,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expectEqual(status, 1, 'exit code');
    for (const name of ['DATABASE_URL', 'SMTP_URL', 'SECRET_KEY', 'PUBLIC_URL']) {
      if (!stderr.includes(`${name} is required in production`)) throw new Error(stderr);
    }
  });
  await stop(service, 'SIGTERM');
} catch (error) {
  failed += 1;
  console.log(`FAILED  ${error instanceof Error ? error.message : String(error)}`);
} finally {
  for (const service of started) service.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync('test-results', { recursive: true });
  writeFileSync('test-results/smoke.json', JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
