import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { Failure, type PasswordWeakness } from '../failure.js';
import { LimitsService } from '../limits/limits.service.js';
import { MailService } from '../mail/mail.service.js';
import { Environment } from '../platform/config/environment.js';
import { OneTimeTokensService } from '../tokens/one-time-tokens.service.js';
import { SessionsService } from '../tokens/sessions.service.js';
import type { EmailAddress } from '../users/email-address.js';
import { HistoryService } from '../users/history.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService, type StoredRegistration } from '../users/users.service.js';
import { Concealment } from './concealment.js';
import { accountExistsLetter, linkLetter, recipientOf, type LinkLetter } from './letters.js';
import { LoginService, type LoginOutcome, type Opening } from './login.service.js';
import { OneTimeLinksService } from './one-time-links.service.js';
import { PasswordsService } from './passwords.service.js';

/** What somebody says of themselves to get an account. */
export interface Registration {
  email: EmailAddress;
  password: string;
  username?: string | null;
  firstName?: string;
  lastName?: string;
  phoneNumber?: string | null;
}

/**
 * The state of a new account, and the mail that asks for a proof of its address. One that is `active` at once needs none,
 * except where discovery is hidden: there it is `pending` like any other, or its first login would tell a stranger that
 * the address was free.
 */
export interface RegistrationManner {
  state: 'pending' | 'active';
  letter: LinkLetter;
}

/** Days that a pending account waits for its proof, and keeps its username from others (decision 6). */
export const PENDING_DAYS = 7;

@Injectable()
export class RegistrationService {
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

  /**
   * A courtesy before the work, silent about addresses where discovery is hidden. Two who ask at once may both be told
   * that a name is free; `register` decides between them. To be told of a taken one counts as a sign-up:
   * `too_many_requests`.
   */
  async taken(email: EmailAddress | null, username: string | null): Promise<{ email: boolean; username: boolean }> {
    const taken = await this.users.taken(this.concealment.isOn ? null : email, username);
    if (taken.email || taken.username) await this.limits.count('sign_up', email?.canonical);
    return taken;
  }

  /** What `register` would say of a password; `email` and `username` as far as they are known. */
  weaknesses(password: string, email: EmailAddress | null, username: string | null): PasswordWeakness[] {
    return this.passwords.weaknesses(password, { email: email?.canonical ?? null, username });
  }

  /**
   * The account, its verification secret and the mail: all or nothing. `null` where the address has an account and
   * discovery is hidden: its owner gets a mail, and the caller must not tell the difference.
   * Throws `weak_password`, `email_taken`, `username_taken`, `overloaded`, `too_many_requests`.
   */
  register(person: Registration, manner: RegistrationManner): Promise<User | null> {
    return this.concealment.conceal(() => this.create(person, manner));
  }

  /**
   * `register` for a surface that answers the number of the account. Where there is no new one, it is a number that
   * nobody has, and nothing in the order of numbers tells.
   */
  registerNumbered(person: Registration, manner: RegistrationManner): Promise<number> {
    return this.concealment.conceal(async () => {
      const id = await this.users.reserveId();
      await this.create(person, manner, id);
      return id;
    });
  }

  private async create(person: Registration, manner: RegistrationManner, id?: number): Promise<User | null> {
    const state = this.concealment.isOn ? 'pending' : manner.state;
    const { email, username = null, firstName = '', lastName = '', phoneNumber = null } = person;
    this.passwords.assertFit(person.password, { email: email.canonical, username });
    await this.limits.count('sign_up', email.canonical);
    const passwordHash = await this.passwords.hash(person.password);
    const account = {
      ...(id === undefined ? {} : { id }),
      email,
      username,
      firstName,
      lastName,
      phoneNumber,
      passwordHash,
      state,
    };
    try {
      return await this.dataSource.transaction(async (tx) => {
        const user = await this.users.create(account, tx);
        await this.history.record('registration', user.id, tx);
        if (state === 'pending') {
          await this.mail.reserve('verify_email', user.emailCanonical, tx);
          await this.sendVerification(user, manner.letter, tx);
        }
        return user;
      });
    } catch (error) {
      if (!this.concealment.isOn || !(error instanceof Failure) || error.code !== 'email_taken') throw error;
      const said = { username, firstName, lastName, phoneNumber, passwordHash };
      await this.tellOwner(email, said, manner.letter);
      return null;
    }
  }

  /** A new link for an address that is not proven yet; silent about every other one. Throws `too_many_requests`. */
  resend(email: EmailAddress, letter: LinkLetter): Promise<void> {
    return this.concealment.conceal(async () => {
      await this.limits.count('mail', email.canonical);
      await this.sendAgain(email, letter);
    });
  }

  private async sendAgain(email: EmailAddress, letter: LinkLetter, registration?: StoredRegistration): Promise<void> {
    const found = await this.users.findByEmail(email);
    await this.dataSource.transaction(async (tx) => {
      if (!(await this.mail.reserve('verify_email', email.canonical, tx)) || found === null) return;
      const user = await this.users.lock(found.id, tx);
      if (user === null || user.emailVerifiedAt !== null || user.state === 'disabled') return;
      await this.sendVerification(user, letter, tx, user.state === 'pending' ? registration : undefined);
    });
  }

  /** Throws what `verify` would, and changes nothing for a good link. */
  async inspect(token: string): Promise<void> {
    await this.links.inspect(token, 'verify_email');
  }

  /**
   * Proves the mailbox and, with `opening`, signs its owner in. The first proof ends every older session and every other
   * pending secret, so that whoever registered with a stranger's address keeps nothing. With `userId`, the link must be
   * of that account. Throws `one_time_token_invalid`, `…_expired`, `…_used`.
   */
  verify(token: string, opening: Opening, userId?: number): Promise<LoginOutcome>;
  verify(token: string, opening?: undefined, userId?: number): Promise<null>;
  async verify(token: string, opening?: Opening, userId?: number): Promise<LoginOutcome | null> {
    const peek = await this.links.present(token, 'verify_email', userId);
    return this.dataSource.transaction(async (tx) => {
      const { owner: before, registration } = await this.links.consume(token, 'verify_email', peek, tx);
      // Whoever opened this link signed up with this password, whoever was there before.
      if (registration !== null && before.state === 'pending') {
        await this.users.registerAgain(before.id, registration as StoredRegistration, tx);
      }
      const user = await this.users.verifyEmail(before.id, tx);
      if (before.emailVerifiedAt === null) {
        await this.history.record('activation', user.id, tx);
        await this.sessions.endAll(user.id, 'email_verified', tx);
        await this.oneTimeTokens.revokeAll(user.id, tx);
      }
      return opening === undefined ? null : this.logins.open({ user, newPasswordHash: null }, opening, tx);
    });
  }

  /**
   * `verify` for a surface whose links may be followed again: one that has done its work stays good, and changes nothing
   * more, while its account is active under the address that it proved. Throws as `verify`.
   */
  async verifyRepeatedly(token: string, userId: number): Promise<void> {
    try {
      await this.verify(token, undefined, userId);
    } catch (error) {
      const wasUsed = error instanceof Failure && error.code === 'one_time_token_used';
      if (!wasUsed || !(await this.hasProven(token, userId))) throw error;
    }
  }

  private async hasProven(token: string, userId: number): Promise<boolean> {
    const peek = await this.oneTimeTokens.peek(token, 'verify_email');
    const user = await this.users.find(userId);
    return (
      peek?.userId === userId &&
      peek.address === user?.emailCanonical &&
      user.state === 'active' &&
      user.emailVerifiedAt !== null
    );
  }

  private async sendVerification(
    user: User,
    letter: LinkLetter,
    tx: EntityManager,
    registration?: StoredRegistration,
  ): Promise<void> {
    const { life } = letter;
    const token = await this.oneTimeTokens.issue(
      {
        userId: user.id,
        purpose: 'verify_email',
        address: user.emailCanonical,
        life,
        ...(registration && { registration }),
      },
      tx,
    );
    const mail = linkLetter('verify_email', letter, user, token, this.environment.publicUrl);
    await this.mail.enqueue(mail, recipientOf(user), tx, life);
  }

  /**
   * Somebody signed up with a taken address. An active owner gets a notice. One who never proved it gets a link that
   * makes this sign-up the one that counts: nobody knows yet which of the two has the mailbox.
   */
  private async tellOwner(email: EmailAddress, said: StoredRegistration, letter: LinkLetter): Promise<void> {
    const found = await this.users.findByEmail(email);
    await this.dataSource.transaction(async (tx) => {
      if (said.username !== null) await this.users.reserveUsername(said.username, PENDING_DAYS, tx);
      const owner = found && (await this.users.lock(found.id, tx));
      if (owner?.state === 'active') await this.mail.enqueueOnce(accountExistsLetter(), recipientOf(owner), tx);
    });
    if (found?.state === 'pending') await this.sendAgain(email, letter, said);
  }
}
