import { Injectable } from '@nestjs/common';
import { Failure, type PasswordWeakness } from '../failure.js';
import { HashBudgetSpent, PasswordHasher, type Verification } from '../platform/crypto/password-hasher.js';
import { PASSWORD_MAX_LENGTH, weaknessesOf, type KnownNames } from './password-policy.js';

/** The one policy and the one check for every surface. Passwords are taken exactly as they were sent. */
@Injectable()
export class PasswordsService {
  constructor(private readonly hasher: PasswordHasher) {}

  weaknesses(password: string, names: KnownNames): PasswordWeakness[] {
    return weaknessesOf(password, names);
  }

  /** `names` as far as they are known. Throws `weak_password`. */
  assertFit(password: string, names: KnownNames): void {
    const weaknesses = weaknessesOf(password, names);
    if (weaknesses.length > 0) throw new Failure('weak_password', { weaknesses });
  }

  /** Throws `overloaded`. Slow on purpose: never inside a transaction. */
  hash(password: string): Promise<string> {
    return this.hasher.hash(password).catch(rethrow);
  }

  /**
   * Does the same work whether or not there is a hash. A password longer than any that can be set matches nothing.
   * Throws `overloaded`.
   */
  verify(hash: string | null, password: string): Promise<Verification> {
    const isPossible = [...password].length <= PASSWORD_MAX_LENGTH;
    return this.hasher.verify(isPossible ? hash : null, isPossible ? password : '').catch(rethrow);
  }
}

function rethrow(error: unknown): never {
  if (error instanceof HashBudgetSpent) throw new Failure('overloaded', { retryAfter: error.retryAfter });
  throw error;
}
