// Builds argon2 from its own source for processors with AVX2: more hashes a second than its prebuilt binary, which knows
// SSE2 only. What is built lies in a folder of its own, where only src/platform/crypto/argon2-build.ts looks, so that
// nothing loads it by accident on a processor without AVX2. `-- --remove` takes it away again.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const MEASURE_MS = 2_000;
const LANES = availableParallelism();
const FLAGS = '-mavx2 -O3';
const BINARY = 'build/Release/argon2.node';

class Refusal extends Error {}

const require = createRequire(import.meta.url);
const folder = dirname(locate('argon2/package.json'));
const native = join(folder, 'avx2');
/** Below the package, so that its build finds its dependencies. */
const workshop = join(folder, 'avx2-build');

const [mode, argument] = process.argv.slice(2);
try {
  if (mode === '--trial') await trial(argument);
  else if (mode === '--remove') remove();
  else if (mode === undefined) build();
  else throw new Refusal(`Unknown argument ${mode}; there is only --remove.`);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exit(1);
}

function locate(file) {
  try {
    return require.resolve(file);
  } catch {
    console.error('argon2 is not installed: run `npm ci` first.');
    process.exit(1);
  }
}

function remove() {
  const wasThere = existsSync(native);
  rmSync(native, { recursive: true, force: true });
  console.log(wasThere ? 'Removed: the prebuilt argon2 is used again.' : 'There was no native build of argon2.');
}

function build() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Refusal(`The native build is for Linux on x64; this is ${process.platform} on ${process.arch}.`);
  }
  if (!/^flags\s*:.*\bavx2\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
    throw new Refusal('This processor has no AVX2: the prebuilt argon2 is the one for it.');
  }
  const nodeGyp = process.env.npm_config_node_gyp;
  if (!nodeGyp) throw new Refusal('npm brings node-gyp along: start this with `npm run argon2:native`.');
  requireTools();

  rmSync(native, { recursive: true, force: true });
  rmSync(workshop, { recursive: true, force: true });
  try {
    for (const part of ['package.json', 'binding.gyp', 'argon2.cpp', 'argon2']) {
      cpSync(join(folder, part), join(workshop, part), { recursive: true });
    }
    compile(nodeGyp);
    const before = run(folder);
    const after = run(workshop, before.hash);
    mkdirSync(dirname(join(native, BINARY)), { recursive: true });
    renameSync(join(workshop, BINARY), join(native, BINARY));
    report(before.perSecond, after.perSecond);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function requireTools() {
  const tools = [process.env.CC ?? 'cc', process.env.CXX ?? 'c++', 'make', process.env.PYTHON ?? 'python3'];
  const missing = tools.filter((tool) => spawnSync(`${tool} --version`, { shell: true }).status !== 0);
  if (missing.length === 0) return;
  throw new Refusal(
    `Not found: ${missing.join(', ')}. A compiler, make and Python are needed (Debian: apt-get install g++ make python3).`,
  );
}

function compile(nodeGyp) {
  const beside = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(beside, 'include/node/node_api.h'));
  const gyp = (...words) =>
    spawnSync(process.execPath, [nodeGyp, ...words], {
      cwd: workshop,
      encoding: 'utf8',
      env: { ...process.env, CFLAGS: FLAGS, CXXFLAGS: FLAGS },
    });

  if (!hasHeaders && !process.env.npm_config_nodedir) {
    console.log(`Fetching the headers of Node ${process.version} ...`);
    if (gyp('install', '--ensure').status !== 0) {
      throw new Refusal(
        `The headers of Node ${process.version} are neither beside it (${beside}/include/node) nor to be had from nodejs.org. ` +
          'Where they are elsewhere, set npm_config_nodedir to the folder that holds include/node.',
      );
    }
  }

  console.log('Building argon2 for AVX2 ...');
  // The Node-API of the prebuilt one: built under a newer one, it would crash an older Node.
  const { napi_versions: versions } = require('argon2/package.json').binary;
  const headers = hasHeaders ? [`--nodedir=${beside}`] : [];
  const { status, stdout, stderr } = gyp('rebuild', '--release', `--napi_build_version=${versions[0]}`, ...headers);
  if (status !== 0)
    throw new Refusal(`${stdout}${stderr}\nThe build failed (above); the prebuilt argon2 stays in use.`);
}

/** A trial of the binary in `place` in a process of its own, which it may crash. */
function run(place, hash = '') {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), '--trial', hash],
    {
      encoding: 'utf8',
      env: { ...process.env, ARGON2_PREBUILD: place, UV_THREADPOOL_SIZE: String(Math.max(4, LANES)) },
    },
  );
  if (status === 0) return JSON.parse(stdout);
  throw new Refusal(`${stderr}\nThe binary in ${place} does not work (${signal ?? `code ${status}`}) and is not used.`);
}

/** Hashes, checks what it hashed and the hash of the other binary, and counts hashes at the default cost of the service. */
async function trial(foreignHash) {
  const argon2 = require('argon2');
  const options = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
  const binary = Object.keys(require.cache).find((file) => file.endsWith('.node'));
  if (!binary?.startsWith(join(process.env.ARGON2_PREBUILD, '/'))) throw new Refusal(`It loaded ${binary} instead.`);

  const hash = await argon2.hash('correct horse', options);
  for (const known of [hash, foreignHash].filter(Boolean)) {
    if (!(await argon2.verify(known, 'correct horse'))) throw new Refusal(`It does not know ${known}.`);
    if (await argon2.verify(known, 'wrong horse')) throw new Refusal(`It takes anything for ${known}.`);
  }

  let count = 0;
  const began = performance.now();
  const lane = async () => {
    while (performance.now() - began < MEASURE_MS) {
      await argon2.hash('correct horse', options);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  console.log(JSON.stringify({ hash, perSecond: (count * 1_000) / (performance.now() - began) }));
}

function report(before, after) {
  const line = (name, perSecond) => `  ${name.padEnd(10)}${perSecond.toFixed(0).padStart(4)} hashes a second`;
  console.log(`${LANES} at a time, 19 MiB and 2 passes each:`);
  console.log(line('prebuilt', before));
  console.log(`${line('native', after)}  (${(after / before).toFixed(2)} times)`);
  console.log('The native argon2 is used from the next start on; `npm run argon2:native -- --remove` goes back.');
}
