import { createRequire } from 'node:module';
import { Logger } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { readEnvironment } from '../../src/platform/config/environment.js';
import { argon2, argon2Build, hasAvx2 } from '../../src/platform/crypto/argon2-build.js';
import { PasswordHasher } from '../../src/platform/crypto/password-hasher.js';

it('a processor has AVX2 when its flags name it', () => {
  expect(hasAvx2('model name\t: One\nflags\t\t: fpu sse2 avx avx2 bmi1\nbugs\t\t: none\n')).toBe(true);
  expect(hasAvx2('flags\t\t: fpu sse2 avx2\n')).toBe(true);
  expect(hasAvx2('model name\t: No avx2 here\nflags\t\t: fpu sse2 avx avx2x xavx2\n')).toBe(false);
  expect(hasAvx2('Features\t: fp asimd aes\n')).toBe(false);
});

it('says which binary is loaded', () => {
  const { cache } = createRequire(import.meta.url);
  const binaries = Object.keys(cache).filter((file) => /argon2.*\.node$/.test(file));
  expect(binaries).toEqual([
    argon2Build === 'native'
      ? expect.stringContaining('/argon2/avx2/build/Release/')
      : expect.stringContaining('/argon2/prebuilds/'),
  ]);
});

it('knows a hash of the reference implementation, whichever binary is loaded', async () => {
  const hash = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  expect(await argon2.verify(hash, 'password')).toBe(true);
  expect(await argon2.verify(hash, 'passwore')).toBe(false);
});

it('the start says what hashing costs and which binary does it', async () => {
  const log = vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  await new PasswordHasher(readEnvironment({}).environment).onModuleInit();
  expect(log.mock.calls).toEqual([[`argon2id m=19456 KiB, t=2, p=1; ${argon2Build} build`]]);
});
