// Whether one request can keep the process from everything else: sends the bodies and headers that parsers like least,
// one at a time, to a service of its own, which reports how long its event loop stood still (milliseconds, the worst of
// three). Exits with 1 past LIMIT_MS.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const LIMIT_MS = 50;
const SIZE = 256 * 1024 - 64;
const PATH = process.argv[2] ?? '/api/auth/register/';

const fill = (unit, before = '', after = '') =>
  before + unit.repeat(Math.floor((SIZE - before.length - after.length) / Buffer.byteLength(unit))) + after;
const json = (body) => ['application/json', body];
const form = (body) => ['application/x-www-form-urlencoded', body];
const multipart = (body) => ['multipart/form-data; boundary=x', body];
const part = 'Content-Disposition: form-data; name="a"';

const requests = {
  'nested lists': json(fill('[')),
  'nested objects': json(fill('{"a":')),
  'many keys': json(`{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join(',')}}`),
  'one key again and again': json(fill('"a":1,', '{', '"a":1}')),
  'a long text': json(fill('x', '{"email":"', '"}')),
  escapes: json(fill('\\u0041', '{"email":"', '"}')),
  'half surrogates': json(fill('\\ud800', '{"email":"', '"}')),
  'a long number': json(fill('9', '{"email":', '}')),
  spaces: json(fill(' ')),
  'replacement characters, then a bad byte': json(Buffer.concat([Buffer.from(fill('\ufffd')), Buffer.from([0xff])])),
  'characters of four bytes, then a cut one': json(Buffer.concat([Buffer.from(fill('🦉')), Buffer.from([0xf0])])),
  'lines, then a fault': json(fill('\n', '{', '!')),
  'dots in an address': json(fill('a.', '{"email":"', '@example.com"}')),
  'an address of at signs': json(fill('@', '{"email":"', '"}')),
  'a long domain': json(fill('é.', '{"email":"a@', '"}')),
  prototypes: json(fill('"__proto__":{"a":1},', '{', '"b":1}')),
  'a long password': json(fill('p', '{"email":"a@example.com","confirm_password":"p","password":"', '"}')),
  'many form fields': form(fill('a=1&')),
  'percent signs': form(fill('%', 'email=')),
  'plus signs': form(fill('+', 'email=')),
  'empty parts': multipart(fill('--x\r\n\r\n\r\n')),
  'bare boundaries': multipart(fill('--x\r\n')),
  parts: multipart(fill(`--x\r\n${part}\r\n\r\n1\r\n`)),
  files: multipart(fill(`--x\r\n${part}; filename="f"\r\n\r\n1\r\n`)),
  'part headers': multipart(fill('A: b\r\n', '--x\r\n', `\r\n1\r\n--x--\r\n`)),
  'almost boundaries': multipart(fill('\r\n--', `--x\r\n${part}\r\n\r\n`, '\r\n--x--\r\n')),
  'a long header of a part': multipart(fill('a', `--x\r\n${part}; x="`, '"\r\n\r\n1\r\n--x--\r\n')),
};

const directory = mkdtempSync(join(tmpdir(), 'ostiary-lag-'));
const report = join(directory, 'report.mjs');
writeFileSync(
  report,
  `import { monitorEventLoopDelay } from 'node:perf_hooks';
   const delay = monitorEventLoopDelay({ resolution: 1 });
   delay.enable();
   process.on('message', () => { process.send(delay.max / 1e6); delay.reset(); });
   process.channel.unref();`,
);
const service = spawn(process.execPath, ['--import', pathToFileURL(report).href, 'dist/src/main.js'], {
  env: { ...process.env, HOST: '127.0.0.1', PORT: '0', DATA_DIR: directory, LOG_LEVEL: 'info', RATE_LIMITS: 'off' },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});

async function lag() {
  const answer = once(service, 'message');
  service.send('now');
  return (await answer)[0];
}

let base = '';
for await (const chunk of service.stdout) {
  base = /API and documents\s+(http:\/\/\S+)\/docs/.exec(String(chunk))?.[1] ?? base;
  if (base !== '') break;
}
service.stdout.resume();

let failures = 0;
try {
  const send = async ([type, body]) => {
    const response = await fetch(base + PATH, { method: 'POST', headers: { 'content-type': type }, body });
    await response.arrayBuffer();
    return response.status;
  };
  for (let time = 0; time < 20; time += 1) await send(json('{"email":"a"}'));
  for (const [name, request] of Object.entries(requests)) {
    const lags = [];
    let status = 0;
    for (let time = 0; time < 3; time += 1) {
      await lag();
      status = await send(request);
      lags.push(await lag());
    }
    // What only the first one took is the compiler's, or the collector's.
    const worst = Math.max(...lags.toSorted((one, other) => one - other).slice(0, 2));
    const isFine = worst <= LIMIT_MS && status < 500;
    if (!isFine) failures += 1;
    console.log(`${isFine ? 'ok    ' : 'FAILED'}  ${worst.toFixed(0).padStart(5)} ms  ${status}  ${name}`);
  }
} finally {
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  await exit;
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
