// Builds into dist/, unless what is there is newer than everything it is made of. Without the development
// dependencies there is nothing to build with, and whoever installs that way brings dist/ along.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = 'dist/.built';
const SOURCES = ['src', 'migrations', 'nest-cli.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const CLI = 'node_modules/@nestjs/cli/bin/nest.js';

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const isFresh = existsSync(STAMP) && statSync(STAMP).mtimeMs > Math.max(...SOURCES.filter(existsSync).map(newest));
if (!isFresh && existsSync(CLI)) {
  const { status } = spawnSync(process.execPath, [CLI, 'build'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  chmodSync('dist/src/cli/main.js', 0o755);
  writeFileSync(STAMP, '');
}
