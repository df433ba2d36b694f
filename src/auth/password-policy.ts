import { dictionary } from '@zxcvbn-ts/language-common';
import type { PasswordWeakness } from '../failure.js';
import { parseEmailAddress } from '../users/email-address.js';

export const PASSWORD_MIN_LENGTH = 8;
export const PASSWORD_MAX_LENGTH = 128;

/** What an account is known by, and so what its password may not be. */
export interface KnownNames {
  email: string | null;
  username: string | null;
}

/** Everything that is wrong with a password, worst first as forms show it. Length counts code points. */
export function weaknessesOf(password: string, { email, username }: KnownNames): PasswordWeakness[] {
  const folded = password.toLowerCase();
  const length = [...password].length;
  const emailNames = [email, email?.slice(0, email.lastIndexOf('@'))].map((name) => name?.toLowerCase());
  const weaknesses: PasswordWeakness[] = [];
  const isOwnAddress = email !== null && parseEmailAddress(password)?.canonical === email;
  if (isOwnAddress || emailNames.includes(folded)) weaknesses.push('too_similar_to_email');
  if (folded === username?.toLowerCase()) weaknesses.push('too_similar_to_username');
  if (length < PASSWORD_MIN_LENGTH) weaknesses.push('too_short');
  if (length > PASSWORD_MAX_LENGTH) weaknesses.push('too_long');
  if (COMMON.has(folded)) weaknesses.push('too_common');
  return weaknesses;
}

/** The passwords of published breaches that are long enough to pass otherwise, in lower case; read once for the process. */
const COMMON: ReadonlySet<string> = new Set(
  dictionary['passwords-common']
    .map((password) => password.toLowerCase())
    .filter((password) => password.length >= PASSWORD_MIN_LENGTH),
);

/** How many passwords the list refuses that the rule of length lets through. */
export const COMMON_PASSWORD_COUNT = COMMON.size;
