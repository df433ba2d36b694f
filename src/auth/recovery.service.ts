import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { LimitsService } from '../limits/limits.service.js';
import { MailService } from '../mail/mail.service.js';
import { Environment } from '../platform/config/environment.js';
import { OneTimeTokensService, type Issue, type Purpose } from '../tokens/one-time-tokens.service.js';
import { SessionsService } from '../tokens/sessions.service.js';
import type { EmailAddress } from '../users/email-address.js';
import type { User } from '../users/user.entity.js';
import { HistoryService } from '../users/history.service.js';
import { UsersService } from '../users/users.service.js';
import { Concealment } from './concealment.js';
import {
  codeLetter,
  linkLetter,
  passwordChangedLetter,
  recipientOf,
  type CodeLetter,
  type LinkLetter,
} from './letters.js';
import { LoginService, type LoginOutcome, type Opening } from './login.service.js';
import { OneTimeLinksService } from './one-time-links.service.js';
import { PasswordsService } from './passwords.service.js';

/** Seconds between the right code and the new password. */
const SESSION_TOKEN_LIFE = 600;

/** A way back in for whoever can read the mail of an account: by a link, or by a code and a session token. */
@Injectable()
export class RecoveryService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly environment: Environment,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly sessions: SessionsService,
    private readonly mail: MailService,
    private readonly logins: LoginService,
    private readonly links: OneTimeLinksService,
    private readonly history: HistoryService,
    private readonly concealment: Concealment,
    private readonly limits: LimitsService,
  ) {}

  /** Mails a link to the owner of the address, if it has one who is not disabled; silent either way. Throws `too_many_requests`. */
  async askForLink(email: EmailAddress | null, letter: LinkLetter): Promise<void> {
    await this.ask(email, 'reset_password', async (user, tx) => {
      const { life } = letter;
      const token = await this.oneTimeTokens.issue(issueFor(user, 'reset_password', life), tx);
      const mail = linkLetter('reset_password', letter, user, token, this.environment.publicUrl);
      await this.mail.enqueue(mail, recipientOf(user), tx, life);
    });
  }

  /** `askForLink`, with a code of six digits. */
  async askForCode(email: EmailAddress | null, letter: CodeLetter): Promise<void> {
    await this.ask(email, 'reset_code', async (user, tx) => {
      const code = await this.oneTimeTokens.issueCode(issueFor(user, 'reset_code', letter.life), tx);
      await this.mail.enqueue(codeLetter(letter, code), recipientOf(user), tx, letter.life);
    });
  }

  /**
   * For a surface that names unknown addresses, before it does anything for one: throws `account_unknown`, and answers
   * how the owner of a known one writes it. Where discovery is hidden it throws nothing and answers what it was given.
   * To ask about one that is unknown counts like asking for a mail: `too_many_requests`.
   */
  async assertKnown(email: EmailAddress): Promise<string> {
    if (this.concealment.isOn) return email.shown;
    const user = await this.users.findByEmail(email);
    if (user === null) {
      await this.limits.count('mail', email.canonical);
      throw new Failure('account_unknown', { email: email.shown });
    }
    return user.email;
  }

  /** Exchanges the code for the token that sets a new password. Throws `code_incorrect`, whatever was wrong, `too_many_requests`. */
  exchangeCode(email: EmailAddress | null, code: string): Promise<string> {
    return this.concealment.conceal(() => this.exchange(email, code));
  }

  private async exchange(email: EmailAddress | null, code: string): Promise<string> {
    const attempt = await this.limits.count('code', email?.canonical);
    const user = await this.users.findByEmail(email);
    // A wrong guess is counted, so it is no reason to roll back: the refusal comes after the commit.
    const token = await this.dataSource.transaction(async (tx) => {
      const owner = user === null ? null : await this.users.lock(user.id, tx);
      if (owner === null || owner.state === 'disabled' || owner.emailCanonical !== email?.canonical) return null;
      if (!(await this.oneTimeTokens.redeemCode(owner.id, 'reset_code', code, tx))) return null;
      return this.oneTimeTokens.issue(issueFor(owner, 'reset_session', SESSION_TOKEN_LIFE), tx);
    });
    if (token === null) throw new Failure('code_incorrect');
    attempt.giveBack();
    return token;
  }

  /** Throws what `resetByLink` would say of the link, and changes nothing for a good one. */
  async inspect(token: string): Promise<void> {
    await this.links.inspect(token, 'reset_password');
  }

  /**
   * Sets the password by a mailed link and, with `opening`, signs in. With `userId`, the link must be of that account.
   * Throws `one_time_token_…`, and `weak_password` and `overloaded`, which leave the link good.
   */
  resetByLink(token: string, password: string, opening: Opening, userId?: number): Promise<LoginOutcome>;
  resetByLink(token: string, password: string, opening?: undefined, userId?: number): Promise<null>;
  resetByLink(token: string, password: string, opening?: Opening, userId?: number): Promise<LoginOutcome | null> {
    return this.reset('reset_password', token, password, userId, opening);
  }

  /** Sets the password by the token that `exchangeCode` gave for this address; throws as `resetByLink`. */
  async resetBySessionToken(email: EmailAddress | null, token: string, password: string): Promise<void> {
    await this.concealment.conceal(async () => {
      const user = await this.users.findByEmail(email);
      await this.reset('reset_session', token, password, user?.id ?? 0);
    });
  }

  private ask(
    email: EmailAddress | null,
    kind: 'reset_password' | 'reset_code' | 'reset_email',
    send: (user: User, tx: EntityManager) => Promise<void>,
  ): Promise<void> {
    return this.concealment.conceal(async () => {
      if (email === null) return;
      await this.limits.count('mail', email.canonical);
      const found = await this.users.findByEmail(email);
      await this.dataSource.transaction(async (tx) => {
        if (!(await this.mail.reserve(kind, email.canonical, tx)) || found === null) return;
        const user = await this.users.lock(found.id, tx);
        if (user === null || user.state === 'disabled') return;
        if (kind !== 'reset_email') await this.history.record('password_reset_request', user.id, tx);
        await send(user, tx);
      });
    });
  }

  private async reset(
    purpose: Purpose,
    token: string,
    password: string,
    userId?: number,
    opening?: Opening,
  ): Promise<LoginOutcome | null> {
    const peek = await this.links.present(token, purpose, userId);
    const owner = await this.users.find(peek.userId);
    if (owner === null) throw new Failure('one_time_token_invalid');
    this.passwords.assertFit(password, { email: owner.emailCanonical, username: owner.username });
    const passwordHash = await this.passwords.hash(password);
    return this.dataSource.transaction(async (tx) => {
      const { owner: before } = await this.links.consume(token, purpose, peek, tx);
      await this.users.setPassword(before.id, passwordHash, tx);
      // Whoever got here can read this mailbox (settled detail b).
      const user = await this.users.verifyEmail(before.id, tx);
      await this.sessions.endAll(user.id, 'password_reset', tx);
      await this.oneTimeTokens.revokeAll(user.id, tx);
      await this.oneTimeTokens.forgetProofs(user.id, tx);
      await this.history.record('password_reset', user.id, tx);
      await this.mail.enqueueOnce(passwordChangedLetter(), recipientOf(user), tx);
      return opening === undefined ? null : this.logins.open({ user, newPasswordHash: null }, opening, tx);
    });
  }
}

function issueFor(user: User, purpose: Purpose, life: number): Issue {
  return { userId: user.id, purpose, address: user.emailCanonical, life };
}
