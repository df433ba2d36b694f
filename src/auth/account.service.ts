import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { MailService } from '../mail/mail.service.js';
import { OneTimeTokensService } from '../tokens/one-time-tokens.service.js';
import { SessionsService } from '../tokens/sessions.service.js';
import type { EmailAddress } from '../users/email-address.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import type { Caller } from './callers.service.js';
import { emailChangedLetter, passwordChangedLetter, recipientOf } from './letters.js';
import { PasswordsService } from './passwords.service.js';

/** What people do with their own account while they are signed in. */
@Injectable()
export class AccountService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly sessions: SessionsService,
    private readonly mail: MailService,
  ) {}

  /**
   * Ends every other session and every pending secret; the caller's session goes on. Throws `wrong_current_password`
   * before it looks at the new one, `weak_password`, `overloaded`.
   */
  async changePassword({ user, session }: Caller, current: string, next: string): Promise<void> {
    await this.assertCurrentPassword(user, current);
    this.passwords.assertFit(next, { email: user.emailCanonical, username: user.username });
    const passwordHash = await this.passwords.hash(next);
    await this.dataSource.transaction(async (tx) => {
      await this.lockUnchanged(user, tx);
      await this.users.setPassword(user.id, passwordHash, tx);
      await this.sessions.endAll(user.id, 'password_change', tx, session.id);
      await this.oneTimeTokens.revokeAll(user.id, tx);
      await this.mail.enqueueOnce(passwordChangedLetter(), recipientOf(user), tx);
    });
  }

  /**
   * Takes effect at once and leaves the new address unproven; the old one gets a notice, and every pending secret dies.
   * Where a surface asks for the present password, it is checked first. One's own address is accepted and changes at most
   * its spelling. Throws `wrong_current_password`, `email_taken`.
   */
  async changeEmail({ user }: Caller, email: EmailAddress, current?: string): Promise<User> {
    if (current !== undefined) await this.assertCurrentPassword(user, current);
    return this.dataSource.transaction(async (tx) => {
      const before = await this.lockUnchanged(user, tx);
      if (email.canonical === before.emailCanonical) return before;
      const after = await this.users.setEmail(user.id, email, tx);
      await this.oneTimeTokens.revokeAll(user.id, tx);
      await this.mail.enqueueOnce(emailChangedLetter(), recipientOf(before), tx);
      return after;
    });
  }

  /** Erases the account and everything that hangs on it, at once. Throws `wrong_current_password`. */
  async close({ user }: Caller, current: string): Promise<void> {
    await this.assertCurrentPassword(user, current);
    await this.dataSource.transaction(async (tx) => {
      await this.lockUnchanged(user, tx);
      await this.users.erase(user.id, tx);
    });
  }

  private async assertCurrentPassword(user: User, password: string): Promise<void> {
    const { matches } = await this.passwords.verify(user.passwordHash, password);
    if (!matches) throw new Failure('wrong_current_password');
  }

  /** Two who change one account at once: the second finds that the password it proved is no longer the password. */
  private async lockUnchanged(user: User, tx: EntityManager): Promise<User> {
    const locked = await this.users.lock(user.id, tx);
    if (locked === null) throw new Failure('account_gone');
    if (locked.state !== 'active') throw new Failure('account_not_active');
    if (locked.passwordHash !== user.passwordHash) throw new Failure('wrong_current_password');
    return locked;
  }
}
