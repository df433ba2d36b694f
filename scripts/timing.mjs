// Whether the time of an answer tells if an address has an account, where discovery is hidden: for each story of each
// surface, interleaved pairs of requests about a known and an unknown address, and how well a classifier by time alone
// would do (the area under its ROC curve; 0.5 is chance). Exits with 1 if one lies outside 0.45 to 0.55.
// Uses the database of DATABASE_URL, which it fills, or an embedded one of its own. PAIRS: pairs for each story.
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const PAIRS = Number(process.env.PAIRS ?? 300);

/** Stories that wait for the clock most of the time run side by side. */
const LANES = 4;

const BOUNDS = [0.45, 0.55];
const PASSWORD = 'a-long-enough-secret';

const json = (path, body, method = 'POST') => [
  path,
  { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
];
const form = (path, fields) => [path, { method: 'POST', body: new URLSearchParams(fields) }];

const twice = (name) => ({ password: PASSWORD, [name]: PASSWORD });
const stories = {
  'login 000': (email) => json('/api/auth/login/', { email, password: 'wrong-password-1' }),
  'login 001': (email) => json('/accounts/api/login/', { email, password: 'wrong-password-1' }),
  'login 002': (username) => form('/api/v1/auth/login', { username, password: 'wrong-password-1' }),
  'login 003': (email) => json('/auth/jwt/create/', { email, password: 'wrong-password-1' }),
  'login 004': (email) => json('/api/auth/get-token/', { email, password: 'wrong-password-1' }),
  'reset 000': (email) => json('/api/auth/password-reset/', { email }),
  'reset 001': (email) => json('/accounts/api/forget/password/', { email }),
  'reset 002': (email) => [`/api/v1/auth/password-recovery/${encodeURIComponent(email)}`, { method: 'POST' }],
  'reset 003': (email) => json('/auth/users/reset_password/', { email }),
  'reset 004': (email) => [`/api/auth/reset-password/?email=${encodeURIComponent(email)}`, {}],
  'resend 001': (email) => json('/accounts/api/get/acctivation/token/', { email }),
  'resend 003': (email) => json('/auth/users/resend_activation/', { email }),
  'sign-up 000': (email) => json('/api/auth/register/', { email, ...twice('confirm_password') }),
  'sign-up 001': (email) =>
    json('/accounts/api/registration/', { email, username: unique(), ...twice('confirm_password') }),
  'sign-up 003': (email) => json('/auth/users/', { email, ...twice('re_password') }),
  'sign-up 004': (email) => json('/api/auth/signup/', { email, ...twice('password2') }),
};

function unique() {
  return `u${randomBytes(8).toString('hex')}`;
}

const directory = mkdtempSync(join(tmpdir(), 'ostiary-timing-'));
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
probe.close();
const base = `http://127.0.0.1:${port}`;
const service = spawn(process.execPath, ['dist/src/main.js'], {
  env: {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: directory,
    LOG_LEVEL: 'silent',
    ACCOUNT_DISCOVERY: 'hidden',
    RATE_LIMITS: 'off',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});

/** Milliseconds from the first byte sent to the last one read, and what was answered. */
async function time([path, options]) {
  const began = performance.now();
  const response = await fetch(base + path, options);
  await response.arrayBuffer();
  return { ms: performance.now() - began, status: response.status };
}

/** The chance that a known address took longer than an unknown one; ties count half (Mann-Whitney). */
function areaUnderCurve(known, unknown) {
  const all = [...known.map((ms) => ({ ms, isKnown: true })), ...unknown.map((ms) => ({ ms, isKnown: false }))];
  all.sort((one, other) => one.ms - other.ms);
  let rankSum = 0;
  for (const [index, { isKnown }] of all.entries()) if (isKnown) rankSum += index + 1;
  return (rankSum - (known.length * (known.length + 1)) / 2) / (known.length * unknown.length);
}

const median = (times) => times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)];

let failures = 0;

async function measure(name, ask) {
  const known = [];
  const unknown = [];
  const statuses = new Set();
  const isResend = name.startsWith('resend');
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const owner = isResend ? people.pending[pair % people.pending.length] : people.active[pair % people.active.length];
    const stranger = `${unique()}@example.com`;
    const requests = [
      [known, owner],
      [unknown, stranger],
    ];
    if (randomInt(2) === 1) requests.reverse();
    for (const [times, email] of requests) {
      const { ms, status } = await time(ask(email));
      times.push(ms);
      statuses.add(status);
    }
  }
  const area = areaUnderCurve(known, unknown);
  const isFine = area >= BOUNDS[0] && area <= BOUNDS[1] && statuses.size === 1;
  if (!isFine) failures += 1;
  const figures = `AUC ${area.toFixed(3)}  median ${median(known).toFixed(1)} / ${median(unknown).toFixed(1)} ms`;
  console.log(`${isFine ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${figures}  status ${[...statuses].join(', ')}`);
}

const people = { active: [], pending: [] };

async function makePeople() {
  for (const state of ['active', 'pending']) {
    for (let count = 0; count < 25; count += 1) {
      const email = `${unique()}@example.com`;
      await time(stories['sign-up 000'](email));
      people[state].push(email);
      if (state === 'pending') continue;
      const [mail] = await (await fetch(`${base}/dev/inbox.json?to=${email}&wait=10`)).json();
      const [, token] = /token=([0-9a-f]+)/.exec(mail.text);
      await time(json('/api/auth/verify-email/', { token }));
    }
  }
}

try {
  while ((await fetch(`${base}/health/ready`).catch(() => ({ ok: false }))).ok !== true) {
    if (service.exitCode !== null) throw new Error('the service did not start');
    await setTimeout(50);
  }
  await makePeople();
  const names = Object.keys(stories).filter((name) => name.includes(process.argv[2] ?? ''));
  // A login is as long as a hash and waits for nothing: one at a time, or they would wait for each other.
  for (const name of names.filter((it) => it.startsWith('login'))) await measure(name, stories[name]);
  const waiting = names.filter((name) => !name.startsWith('login'));
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await measure(name, stories[name]);
    }),
  );
} finally {
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  await exit;
  rmSync(directory, { recursive: true, force: true });
}
console.log(failures === 0 ? 'nothing is told by time' : `${failures} stories tell`);
process.exitCode = failures === 0 ? 0 : 1;
