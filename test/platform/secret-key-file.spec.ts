import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { secretKeyFrom } from '../../src/platform/crypto/secret-key-file.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ostiary-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('makes a key once, whole, for its owner only', () => {
  const key = secretKeyFrom(directory);
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(secretKeyFrom(directory)).toBe(key);
  expect(readdirSync(directory)).toEqual(['secret.key']);
  expect(statSync(join(directory, 'secret.key')).mode & 0o777).toBe(0o600);
});

it.each(['', 'short', `${'a'.repeat(63)}\n`])('refuses a file that is no key: %j', (content) => {
  writeFileSync(join(directory, 'secret.key'), content);
  expect(() => secretKeyFrom(directory)).toThrow(/is not a key that this service made/);
});
