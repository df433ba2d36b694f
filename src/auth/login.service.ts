import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { LimitsService, type Attempt } from '../limits/limits.service.js';
import type { Client } from '../platform/http/client.js';
import type { Verification } from '../platform/crypto/password-hasher.js';
import { SessionsService, type SessionTerms, type SessionTokens } from '../tokens/sessions.service.js';
import { parseEmailAddress } from '../users/email-address.js';
import { HistoryService } from '../users/history.service.js';
import type { User } from '../users/user.entity.js';
import { canonicalUsername, UsersService } from '../users/users.service.js';
import { Concealment, LOGIN_STEP_MS } from './concealment.js';
import { PasswordsService } from './passwords.service.js';

/** What somebody presents to get in. */
export interface Credentials {
  identifier: string;
  /** Whether a username is as good as an e-mail address on this surface. */
  by: 'email' | 'email_or_username';
  password: string;
  /** Whether an account that is active, but whose address is not proven, is turned away like a pending one. */
  verifiedOnly?: boolean;
}

/** Somebody whose password was right. */
export interface AuthenticatedAccount {
  user: User;
  /** Set where the stored hash is out of date; written when the session opens. */
  newPasswordHash: string | null;
}

/** Where a session is opened, and for whom. */
export interface Opening {
  terms: SessionTerms;
  client: Client;
}

/** What comes of a login. A further outcome, such as one that asks for a second factor, is a further member here. */
export type LoginOutcome = { kind: 'signed_in'; user: User; tokens: SessionTokens };

@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly history: HistoryService,
    private readonly concealment: Concealment,
    private readonly limits: LimitsService,
  ) {}

  /**
   * The one check of a password at a login. Throws `wrong_credentials` for an unknown account and for a wrong password
   * alike, after the same work; `login_before_activation` to those only who know the password, and where discovery is
   * hidden not even to them: whoever has just signed up with an address would learn that it was free. `overloaded`,
   * `too_many_requests`.
   */
  authenticate(credentials: Credentials): Promise<AuthenticatedAccount> {
    return this.concealment.conceal(() => this.check(credentials), LOGIN_STEP_MS);
  }

  private async check(credentials: Credentials): Promise<AuthenticatedAccount> {
    const user = await this.find(credentials);
    const attempt = await this.limits.count('login', this.personOf(credentials, user));
    const { matches, isOutdated } = await this.verify(user, credentials.password, attempt);
    const isUnproven = credentials.verifiedOnly === true && user?.emailVerifiedAt === null;
    if (user === null || !matches || user.state !== 'active' || isUnproven) {
      await this.history.record('login_failed', user?.id ?? null);
      const isKnownToCaller = matches && !this.concealment.isOn;
      throw new Failure(isKnownToCaller ? 'login_before_activation' : 'wrong_credentials');
    }
    attempt.succeed();
    return { user, newPasswordHash: isOutdated ? await this.passwords.hash(credentials.password) : null };
  }

  /** Throws `wrong_credentials` if the password or the account's state changed since it was checked. */
  async open(account: AuthenticatedAccount, { terms, client }: Opening, tx?: EntityManager): Promise<LoginOutcome> {
    const { user, newPasswordHash } = account;
    const { id, passwordVersion } = user;
    const tokens = await this.sessions.open({ id, passwordVersion, newPasswordHash }, terms, client, tx);
    if (tokens === null) throw new Failure('wrong_credentials');
    return { kind: 'signed_in', user, tokens };
  }

  /** The one check of a password of somebody who is signed in. Throws `overloaded`, `too_many_requests`. */
  async matches(user: User, password: string): Promise<boolean> {
    const attempt = await this.limits.count('login', user.emailCanonical);
    const { matches } = await this.verify(user, password, attempt);
    if (matches) attempt.giveBack();
    return matches;
  }

  private async verify(user: User | null, password: string, attempt: Attempt): Promise<Verification> {
    try {
      return await this.passwords.verify(user?.passwordHash ?? null, password);
    } catch (error) {
      // Nothing was looked at.
      attempt.giveBack();
      throw error;
    }
  }

  /**
   * Whom an attempt is counted for. Where discovery is hidden, it is whoever was named: a count shared by a username and
   * an address would tell that they belong together.
   */
  private personOf({ identifier, by }: Credentials, user: User | null): string {
    if (user !== null && !this.concealment.isOn) return user.emailCanonical;
    if (isUsername(identifier, by)) return canonicalUsername(identifier);
    return parseEmailAddress(identifier)?.canonical ?? identifier;
  }

  private find({ identifier, by }: Credentials): Promise<User | null> {
    return by === 'email_or_username'
      ? this.users.findByName(identifier)
      : this.users.findByEmail(parseEmailAddress(identifier));
  }
}

function isUsername(identifier: string, by: Credentials['by']): boolean {
  return by === 'email_or_username' && !identifier.includes('@');
}
