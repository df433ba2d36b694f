import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setArgon2Folder } from '../config/environment.js';

const require = createRequire(import.meta.url);

/** What `npm run argon2:native` makes, in a folder of its own: nothing loads it that does not ask for it by name. */
const NATIVE = join(dirname(require.resolve('argon2/package.json')), 'avx2');

/** Whether the processor of this `/proc/cpuinfo` has AVX2. */
export function hasAvx2(cpuinfo: string): boolean {
  return /^flags\s*:.*\bavx2\b/m.test(cpuinfo);
}

/**
 * The processor is asked first, since an instruction that it does not know ends the process. Everything else that can be
 * wrong with the native build (there is none, it is of another platform) is an error here, and the prebuilt one serves.
 */
function isNativeFit(): boolean {
  try {
    if (!hasAvx2(readFileSync('/proc/cpuinfo', 'utf8'))) return false;
    require(join(NATIVE, 'build/Release/argon2.node'));
    return true;
  } catch {
    return false;
  }
}

/** Which binary of `argon2` this process runs: the one built for AVX2, or the package's own. */
export const argon2Build: 'native' | 'prebuilt' = isNativeFit() ? 'native' : 'prebuilt';
if (argon2Build === 'native') setArgon2Folder(NATIVE);

// Imported here and in no other place, because it chooses its binary as it loads.
export const { default: argon2 } = await import('argon2');
