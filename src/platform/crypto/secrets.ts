import { createHash, randomBytes, randomInt } from 'node:crypto';

/** 128 random bits as 32 hexadecimal digits: safe in a URL, a path and a mail. */
export function randomSecret(): string {
  return randomBytes(16).toString('hex');
}

/** 256 random bits in 43 letters, for machines that keep it. */
export function randomCredential(): string {
  return randomBytes(32).toString('base64url');
}

/** A code of `digits` decimal digits, leading zeros kept. */
export function randomCode(digits: number): string {
  return String(randomInt(10 ** digits)).padStart(digits, '0');
}

/** SHA-256, for secrets that are too long to guess. */
export function digest(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}
