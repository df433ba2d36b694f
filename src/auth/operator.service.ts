import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { OneTimeTokensService } from '../tokens/one-time-tokens.service.js';
import { SessionsService, type SessionReport } from '../tokens/sessions.service.js';
import { parseEmailAddress, type EmailAddress } from '../users/email-address.js';
import { HistoryService } from '../users/history.service.js';
import type { Role, User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { PasswordsService } from './passwords.service.js';

/** An account that an operator makes. Without a password, its owner sets one by a reset. */
export interface OperatorsAccount {
  email: EmailAddress;
  username: string | null;
  firstName: string;
  lastName: string;
  role: Role;
  password: string | null;
}

/** What those who run the service do to accounts. Each answers `null` for an account that there is not. */
@Injectable()
export class OperatorService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly history: HistoryService,
  ) {}

  /** By number, UUID, e-mail address or username. */
  async find(who: string): Promise<User | null> {
    if (/^[0-9]{1,9}$/.test(who)) return this.users.find(Number(who));
    if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(who)) return this.users.findByPublicId(who);
    return who.includes('@') ? this.users.findByEmail(parseEmailAddress(who)) : this.users.findByUsername(who);
  }

  /** Active at once, and taken for proven. Throws `weak_password`, `email_taken`, `username_taken`. */
  async create(account: OperatorsAccount): Promise<User> {
    const { email, username, firstName, lastName, role, password } = account;
    if (password !== null) this.passwords.assertFit(password, { email: email.canonical, username });
    const passwordHash = password === null ? null : await this.passwords.hash(password);
    const person = { email, username, firstName, lastName, phoneNumber: null, passwordHash, state: 'active' as const };
    return this.dataSource.transaction(async (tx) => {
      const { id } = await this.users.create(person, tx);
      await this.users.verifyEmail(id, tx);
      await this.history.record('registration', id, tx);
      return this.users.setRole(id, role, tx);
    });
  }

  /** Ends every session and every pending secret. */
  disable(who: string): Promise<User | null> {
    return this.change(who, async (user, tx) => {
      if (user.state === 'disabled') return user;
      await this.sessions.endAll(user.id, 'disabled', tx);
      await this.oneTimeTokens.revokeAll(user.id, tx);
      await this.history.record('account_disabled', user.id, tx);
      return this.users.setState(user.id, 'disabled', tx);
    });
  }

  /** Whatever kept the account from being active. */
  enable(who: string): Promise<User | null> {
    return this.change(who, async (user, tx) => {
      if (user.state === 'active') return user;
      await this.history.record('account_enabled', user.id, tx);
      return this.users.setState(user.id, 'active', tx);
    });
  }

  /** Tokens that were issued before say the old role until they expire, to those who do not ask us. */
  setRole(who: string, role: Role): Promise<User | null> {
    return this.change(who, async (user, tx) => {
      if (user.role === role) return user;
      await this.history.record('role_change', user.id, tx);
      return this.users.setRole(user.id, role, tx);
    });
  }

  /** Newest first, the ended ones as long as they are kept. */
  async sessionsOf(who: string): Promise<SessionReport[] | null> {
    const user = await this.find(who);
    return user && this.sessions.list(user.id);
  }

  /** One session of the account, or all; answers how many were open. */
  async endSessions(who: string, sessionId?: string): Promise<number | null> {
    const sessions = await this.sessionsOf(who);
    if (sessions === null) return null;
    const meant = sessions.filter(({ id }) => sessionId === undefined || id === sessionId);
    const ended = await Promise.all(meant.map(({ id }) => this.sessions.revoke(id)));
    return ended.filter(Boolean).length;
  }

  private async change(who: string, work: (user: User, tx: EntityManager) => Promise<User>): Promise<User | null> {
    const found = await this.find(who);
    if (found === null) return null;
    return this.dataSource.transaction(async (tx) => {
      const user = await this.users.lock(found.id, tx);
      return user && work(user, tx);
    });
  }
}
