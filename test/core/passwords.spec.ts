import { describe, expect, it } from 'vitest';
import { COMMON_PASSWORD_COUNT, weaknessesOf } from '../../src/auth/password-policy.js';
import { MasterKey } from '../../src/platform/crypto/master-key.js';
import { PasswordHasher } from '../../src/platform/crypto/password-hasher.js';
import { randomCode, randomSecret } from '../../src/platform/crypto/secrets.js';
import { readEnvironment } from '../../src/platform/config/environment.js';

const names = { email: 'longname@example.com', username: 'Grandmaster77' };

describe('the password policy', () => {
  it('knows thousands of common passwords that are long enough otherwise', () => {
    expect(COMMON_PASSWORD_COUNT).toBeGreaterThanOrEqual(3_000);
  });

  it.each<[string, string[]]>([
    ['a good password', []],
    ['seven77', ['too_short']],
    ['eigh8?8!', []],
    ['🦉🦊🐻🐼🦁🐯🐨', ['too_short']],
    ['x'.repeat(128), []],
    ['x'.repeat(129), ['too_long']],
    ['𝔸'.repeat(128), []],
    ['password1', ['too_common']],
    ['PassWord1', ['too_common']],
    ['Longname', ['too_similar_to_email']],
    ['LONGNAME@example.com', ['too_similar_to_email']],
    ['longname@example', []],
    ['grandMASTER77', ['too_similar_to_username']],
    ['12345678', ['too_common']],
    ['123456', ['too_short']],
  ])('%s: %j', (password, weaknesses) => {
    expect(weaknessesOf(password, names)).toEqual(weaknesses);
  });
});

describe('the hasher', () => {
  const { environment } = readEnvironment({ ARGON2_MEMORY_KIB: '1024', ARGON2_TIME_COST: '1' });

  it('takes passwords whole, and tells apart what differs in the last byte', async () => {
    const hasher = new PasswordHasher(environment);
    await hasher.onModuleInit();
    const long = 'p'.repeat(127);
    const hash = await hasher.hash(`${long}a`);
    expect(await hasher.verify(hash, `${long}a`)).toEqual({ matches: true, isOutdated: false });
    for (const other of [`${long}b`, long, `${long}a `, `${long}A`]) {
      expect(await hasher.verify(hash, other)).toEqual({ matches: false, isOutdated: false });
    }
  });

  it('refuses what it cannot read, and says when a hash is out of date only to the right password', async () => {
    const hasher = new PasswordHasher(environment);
    await hasher.onModuleInit();
    for (const hash of [
      null,
      '',
      'x',
      '$argon2id$',
      '$argon2id$v=19$m=1$x',
      '$2b$10$abc',
      '$argon2i$v=19$m=1024,t=1,p=1$YWFhYWFhYWE$YWFh',
    ]) {
      expect(await hasher.verify(hash, 'x')).toEqual({ matches: false, isOutdated: false });
    }
    const { environment: stronger } = readEnvironment({ ARGON2_MEMORY_KIB: '2048', ARGON2_TIME_COST: '1' });
    const hash = await hasher.hash('the password');
    const later = new PasswordHasher(stronger);
    await later.onModuleInit();
    expect(await later.verify(hash, 'the password')).toEqual({ matches: true, isOutdated: true });
    expect(await later.verify(hash, 'another one')).toEqual({ matches: false, isOutdated: false });
  });
});

describe('secrets', () => {
  it('do not repeat', () => {
    const secrets = new Set(Array.from({ length: 20_000 }, randomSecret));
    expect(secrets.size).toBe(20_000);
  });

  it('codes keep their leading zeros', () => {
    const codes = Array.from({ length: 2_000 }, () => randomCode(6));
    for (const code of codes) expect(code).toMatch(/^\d{6}$/);
    expect(codes.some((code) => code.startsWith('0'))).toBe(true);
  });

  it('sealed values open under their key, purpose and context only', () => {
    const key = new MasterKey('one secret key');
    const sealed = key.seal('letters', 'plain', 'row 1');
    expect(key.open('letters', sealed, 'row 1')).toBe('plain');
    expect(key.seal('letters', 'plain', 'row 1').equals(sealed)).toBe(false);
    const changed = Buffer.from(sealed);
    changed[changed.length - 1]! ^= 1;
    for (const attempt of [
      () => key.open('letters', sealed, 'row 2'),
      () => key.open('signing keys', sealed, 'row 1'),
      () => new MasterKey('another secret key').open('letters', sealed, 'row 1'),
      () => key.open('letters', changed, 'row 1'),
      () => key.open('letters', sealed.subarray(0, 20), 'row 1'),
      () => key.open('letters', Buffer.alloc(0), 'row 1'),
    ]) {
      expect(attempt).toThrow('does not open');
    }
  });
});
