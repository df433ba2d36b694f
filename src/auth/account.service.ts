import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { LimitsService } from '../limits/limits.service.js';
import { MailService } from '../mail/mail.service.js';
import { OneTimeTokensService } from '../tokens/one-time-tokens.service.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { Environment } from '../platform/config/environment.js';
import { parseEmailAddress, type EmailAddress } from '../users/email-address.js';
import { HistoryService } from '../users/history.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import type { Caller } from './callers.service.js';
import { Concealment } from './concealment.js';
import {
  accountExistsLetter,
  CONFIRM_EMAIL_LIFE,
  confirmEmailLetter,
  emailChangedLetter,
  linkLetter,
  passwordChangedLetter,
  recipientOf,
  type LinkLetter,
} from './letters.js';
import { LoginService } from './login.service.js';
import { OneTimeLinksService } from './one-time-links.service.js';
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
    private readonly links: OneTimeLinksService,
    private readonly history: HistoryService,
    private readonly concealment: Concealment,
    private readonly environment: Environment,
    private readonly logins: LoginService,
    private readonly limits: LimitsService,
  ) {}

  /**
   * For a surface that has something to say after a wrong password. Throws `wrong_current_password`, `overloaded`,
   * `too_many_requests`: whoever found a device signed in is to guess no faster than anybody else.
   */
  async assertCurrentPassword({ user }: Pick<Caller, 'user'>, password: string): Promise<void> {
    if (!(await this.logins.matches(user, password))) throw new Failure('wrong_current_password');
  }

  /**
   * Whether an account may have this number, for surfaces that tell numbers apart. Where discovery is hidden, every
   * number may: whoever signed up with an address would otherwise learn what became of it.
   */
  async mayExist(id: number): Promise<boolean> {
    return this.concealment.isOn || (await this.users.find(id)) !== null;
  }

  /**
   * Ends every other session and every pending secret; the caller's session goes on. `current` is `null` where the
   * surface has called `assertCurrentPassword` for this very caller. Throws `wrong_current_password` before it looks at the
   * new one, `weak_password`, `overloaded`.
   */
  async changePassword(caller: Caller, current: string | null, next: string): Promise<void> {
    const { user, session } = caller;
    if (current !== null) await this.assertCurrentPassword(caller, current);
    this.passwords.assertFit(next, { email: user.emailCanonical, username: user.username });
    const passwordHash = await this.passwords.hash(next);
    await this.dataSource.transaction(async (tx) => {
      await this.lockUnchanged(caller, tx);
      await this.users.setPassword(user.id, passwordHash, tx);
      await this.sessions.endAll(user.id, 'password_change', tx, session.id);
      await this.oneTimeTokens.revokeAll(user.id, tx);
      await this.history.record('password_change', user.id, tx);
      await this.mail.enqueueOnce(passwordChangedLetter(), recipientOf(user), tx);
    });
  }

  /**
   * Takes effect at once and leaves the new address unproven; the old one gets a notice, and every pending secret dies.
   * Where a surface asks for the present password, it is checked first. One's own address is accepted and changes
   * its spelling at most. Where discovery is hidden, nothing changes before the new address is confirmed by the link that
   * it is mailed, and a taken one is not told from a free one. Throws `wrong_current_password`, `email_taken`,
   * `too_many_requests`.
   */
  async changeEmail(caller: Caller, email: EmailAddress, current?: string): Promise<void> {
    if (current !== undefined) await this.assertCurrentPassword(caller, current);
    await this.concealment.conceal(async () => {
      await this.limits.count('mail', email.canonical);
      await this.dataSource.transaction(async (tx) => this.move(await this.lockUnchanged(caller, tx), email, tx));
    });
  }

  /**
   * Mails a link to the present address that lets its holder choose another one, if it has an active account; silent
   * either way. Throws `too_many_requests`.
   */
  async askForEmailReset(email: EmailAddress | null, letter: LinkLetter): Promise<void> {
    await this.concealment.conceal(async () => {
      await this.limits.count('mail', email?.canonical);
      const found = await this.users.findByEmail(email);
      await this.dataSource.transaction(async (tx) => {
        if (email === null || !(await this.mail.reserve('reset_email', email.canonical, tx)) || found === null) return;
        const user = await this.users.lock(found.id, tx);
        if (user?.state !== 'active') return;
        const { id: userId, emailCanonical: address } = user;
        const token = await this.oneTimeTokens.issue(
          { userId, purpose: 'reset_email', address, life: letter.life },
          tx,
        );
        const mail = linkLetter('reset_email', letter, user, token, this.environment.publicUrl);
        await this.mail.enqueue(mail, recipientOf(user), tx, letter.life);
      });
    });
  }

  /** Throws what `resetEmail` would say of the link, and changes nothing for a good one. */
  async inspectEmailReset(token: string): Promise<void> {
    await this.links.inspect(token, 'reset_email');
  }

  /**
   * Sets the address by a mailed link, as `changeEmail` does, and ends every session. With `userId`, the link must be of
   * that account. Throws `one_time_token_…`, and `email_taken`, which leaves the link good.
   */
  async resetEmail(token: string, email: EmailAddress, userId?: number): Promise<void> {
    await this.concealment.conceal(async () => {
      const peek = await this.links.present(token, 'reset_email', userId);
      await this.dataSource.transaction(async (tx) => {
        const { owner } = await this.links.consume(token, 'reset_email', peek, tx);
        await this.sessions.endAll(owner.id, 'email_change', tx);
        await this.move(owner, email, tx);
      });
    });
  }

  /** Throws what `confirmEmail` would say of the link, and changes nothing for a good one. */
  async inspectEmailConfirmation(token: string): Promise<void> {
    await this.links.inspect(token, 'confirm_email');
  }

  /** Makes the address that this link was mailed to the account's own, proven. Throws `one_time_token_…`, `email_taken`. */
  async confirmEmail(token: string): Promise<void> {
    const peek = await this.links.present(token, 'confirm_email');
    const email = parseEmailAddress(peek.address);
    if (email === null) throw new Failure('one_time_token_invalid');
    await this.dataSource.transaction(async (tx) => {
      const { owner } = await this.links.consume(token, 'confirm_email', peek, tx);
      await this.setEmail(owner, email, tx);
      await this.users.verifyEmail(owner.id, tx);
    });
  }

  /** Erases the account and everything that hangs on it, at once. Throws `wrong_current_password`. */
  async close(caller: Caller, current: string): Promise<void> {
    const { user } = caller;
    await this.assertCurrentPassword(caller, current);
    await this.dataSource.transaction(async (tx) => {
      await this.lockUnchanged(caller, tx);
      await this.users.erase(user.id, tx);
    });
  }

  /** The one way in which an account gets another address; its row is locked. */
  private async move(owner: User, email: EmailAddress, tx: EntityManager): Promise<void> {
    if (email.canonical === owner.emailCanonical) return this.users.respellEmail(owner.id, email, tx);
    if (!this.concealment.isOn) return this.setEmail(owner, email, tx);
    const taken = await this.users.findByEmail(email, tx);
    if (taken?.state === 'active') await this.mail.enqueueOnce(accountExistsLetter(), recipientOf(taken), tx);
    if (taken !== null || !(await this.mail.reserve('confirm_email', email.canonical, tx))) return;
    const issue = {
      userId: owner.id,
      purpose: 'confirm_email',
      address: email.shown,
      life: CONFIRM_EMAIL_LIFE,
    } as const;
    const token = await this.oneTimeTokens.issue(issue, tx);
    const letter = confirmEmailLetter(token, this.environment.publicUrl);
    const recipient = { userId: owner.id, mailbox: email.mailbox, canonical: email.canonical };
    await this.mail.enqueue(letter, recipient, tx, CONFIRM_EMAIL_LIFE);
  }

  private async setEmail(before: User, email: EmailAddress, tx: EntityManager): Promise<void> {
    await this.users.setEmail(before.id, email, tx);
    await this.oneTimeTokens.revokeAll(before.id, tx);
    await this.oneTimeTokens.forgetProofs(before.id, tx);
    await this.history.record('email_change', before.id, tx);
    await this.mail.enqueueOnce(emailChangedLetter(), recipientOf(before), tx);
  }

  /**
   * Of two who change one account at once, the second finds that the password it proved is no longer the password, or
   * that its session has ended.
   */
  private async lockUnchanged({ user, session }: Caller, tx: EntityManager): Promise<User> {
    const locked = await this.users.lock(user.id, tx);
    if (locked === null) throw new Failure('account_gone');
    if (locked.state !== 'active') throw new Failure('account_not_active');
    if (locked.passwordVersion !== user.passwordVersion) throw new Failure('wrong_current_password');
    if (!(await this.sessions.isLive(session.id, tx))) throw new Failure('access_token_invalid');
    return locked;
  }
}
