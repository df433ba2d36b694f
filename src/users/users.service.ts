import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { brokenUniqueConstraint } from '../platform/database/errors.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { EmailAddress } from './email-address.js';
import { User, userColumns, type Role, type UserState } from './user.entity.js';

/** What is known of somebody who registers. Blank names are empty strings; a blank username is `null`. */
export interface NewUser {
  /** A number of `reserveId`; without it, the account gets the next one. */
  id?: number;
  email: EmailAddress;
  username: string | null;
  firstName: string;
  lastName: string;
  phoneNumber: string | null;
  /** `null`: nobody logs in before a reset has set one. */
  passwordHash: string | null;
  state: UserState;
}

/** What a sign-up said, apart from the address. */
export type StoredRegistration = Pick<NewUser, 'username' | 'firstName' | 'lastName' | 'phoneNumber' | 'passwordHash'>;

/** What a person may change about themselves without proof. */
export type PersonalDetails = Partial<Pick<User, 'firstName' | 'lastName' | 'phoneNumber' | 'picture'>>;

const ALL = userColumns('users');

const LARGEST_ID = 2 ** 31 - 1;

const BY_EMAIL: Statement = {
  name: 'user-by-email',
  text: `SELECT ${ALL} FROM users WHERE email_canonical = $1`,
};

const BY_USERNAME: Statement = {
  name: 'user-by-username',
  text: `SELECT ${ALL} FROM users WHERE username_canonical = $1`,
};

const BY_ID: Statement = {
  name: 'user-by-id',
  text: `SELECT ${ALL} FROM users WHERE id = $1`,
};

const BY_PUBLIC_ID: Statement = {
  name: 'user-by-public-id',
  text: `SELECT ${ALL} FROM users WHERE public_id = $1`,
};

const LOCK: Statement = {
  name: 'user-lock',
  text: `SELECT ${ALL} FROM users WHERE id = $1 FOR NO KEY UPDATE`,
};

const TAKEN: Statement = {
  name: 'user-taken',
  text: `SELECT EXISTS (SELECT FROM users WHERE email_canonical = $1) AS email,
                EXISTS (SELECT FROM users WHERE username_canonical = $2)
                  OR EXISTS (SELECT FROM reserved_usernames WHERE username_canonical = $2 AND until > $3) AS username`,
};

const NEXT_ID = `nextval(pg_get_serial_sequence('users', 'id'))::integer`;

const RESERVE_ID: Statement = { name: 'user-reserve-id', text: `SELECT ${NEXT_ID} AS id` };

const INSERT: Statement = {
  name: 'user-insert',
  text: `INSERT INTO users (id, email, email_canonical, username, username_canonical, first_name, last_name,
                            phone_number, password_hash, state, created_at)
         OVERRIDING SYSTEM VALUE
         VALUES (COALESCE($11::integer, ${NEXT_ID}), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         RETURNING ${ALL}`,
};

/** Looked at in the transaction that needs the name, so that a reservation under way is seen or waited for. */
const RESERVE_USERNAME: Statement = {
  name: 'username-reserve',
  text: `INSERT INTO reserved_usernames (username_canonical, until) VALUES ($1, $2)
         ON CONFLICT (username_canonical) DO UPDATE SET until = EXCLUDED.until`,
};

const PURGE_RESERVATIONS: Statement = {
  name: 'username-purge-reservations',
  text: `DELETE FROM reserved_usernames WHERE until < $1`,
};

const VERIFY_EMAIL: Statement = {
  name: 'user-verify-email',
  text: `UPDATE users
         SET email_verified_at = COALESCE(email_verified_at, $2),
             state = CASE state WHEN 'pending' THEN 'active' ELSE state END
         WHERE id = $1
         RETURNING ${ALL}`,
};

/** A username that somebody else got meanwhile is left out. */
const REGISTER_AGAIN: Statement = {
  name: 'user-register-again',
  text: `UPDATE users
         SET password_hash = $2, password_version = password_version + 1, first_name = $3, last_name = $4,
             phone_number = $5,
             username = CASE WHEN ${isFree('$7')} THEN $6 ELSE username END,
             username_canonical = CASE WHEN ${isFree('$7')} THEN $7 ELSE username_canonical END
         WHERE id = $1
         RETURNING ${ALL}`,
};

const SET_PASSWORD: Statement = {
  name: 'user-set-password',
  text: `UPDATE users SET password_hash = $2, password_version = password_version + 1 WHERE id = $1 RETURNING ${ALL}`,
};

const SET_EMAIL: Statement = {
  name: 'user-set-email',
  text: `UPDATE users SET email = $2, email_canonical = $3, email_verified_at = NULL WHERE id = $1 RETURNING ${ALL}`,
};

const SET_STATE: Statement = {
  name: 'user-set-state',
  text: `UPDATE users SET state = $2 WHERE id = $1 RETURNING ${ALL}`,
};

const SET_ROLE: Statement = {
  name: 'user-set-role',
  text: `UPDATE users SET role = $2 WHERE id = $1 RETURNING ${ALL}`,
};

const SET_DETAILS: Statement = {
  name: 'user-set-details',
  text: `UPDATE users
         SET first_name = COALESCE($2, first_name),
             last_name = COALESCE($3, last_name),
             phone_number = CASE WHEN $4 THEN $5 ELSE phone_number END,
             picture = CASE WHEN $6 THEN $7 ELSE picture END
         WHERE id = $1
         RETURNING ${ALL}`,
};

const ERASE: Statement = { name: 'user-erase', text: `DELETE FROM users WHERE id = $1` };

const ERASE_PENDING: Statement = {
  name: 'user-erase-pending',
  text: `DELETE FROM users WHERE state = 'pending' AND email_verified_at IS NULL AND created_at < $1 RETURNING id`,
};

/** Who a person is to us. Stories that change an account lock its row first, so that they wait for each other in one order. */
@Injectable()
export class UsersService {
  constructor(private readonly statements: Statements) {}

  async findByEmail(email: EmailAddress | null, tx?: EntityManager): Promise<User | null> {
    return this.one(BY_EMAIL, [email?.canonical ?? ''], tx);
  }

  async findByUsername(username: string): Promise<User | null> {
    return this.one(BY_USERNAME, [canonicalUsername(username)]);
  }

  async find(id: number): Promise<User | null> {
    return id > LARGEST_ID ? null : this.one(BY_ID, [id]);
  }

  async findByPublicId(publicId: string): Promise<User | null> {
    return this.one(BY_PUBLIC_ID, [publicId]);
  }

  /** Waits for every other story about this account, and keeps them waiting until `tx` ends. */
  async lock(id: number, tx: EntityManager): Promise<User | null> {
    return this.one(LOCK, [id], tx);
  }

  /** A courtesy to whoever fills in a form; what decides is the constraint that `create` runs into. */
  async taken(email: EmailAddress | null, username: string | null): Promise<{ email: boolean; username: boolean }> {
    const [row] = await this.statements.run<{ email: boolean; username: boolean }>(TAKEN, [
      email?.canonical ?? null,
      username === null ? null : canonicalUsername(username),
      new Date(),
    ]);
    return row ?? { email: false, username: false };
  }

  /** Nobody gets this username for so many days. */
  async reserveUsername(username: string, days: number, tx: EntityManager): Promise<void> {
    const until = new Date(Date.now() + days * 86_400_000);
    await this.statements.run(RESERVE_USERNAME, [canonicalUsername(username), until], tx);
  }

  /** Reservations that are over. */
  async purgeReservations(): Promise<void> {
    await this.statements.run(PURGE_RESERVATIONS, [new Date()]);
  }

  /** A number that no other account will have. */
  async reserveId(): Promise<number> {
    const [row] = await this.statements.run<{ id: number }>(RESERVE_ID, []);
    if (row === undefined) throw new Error('the sequence of numbers gave none');
    return row.id;
  }

  /** Throws `email_taken` or `username_taken`, which ends `tx`. */
  async create(person: NewUser, tx: EntityManager): Promise<User> {
    const { email, username } = person;
    return this.existing(
      INSERT,
      [
        email.shown,
        email.canonical,
        username,
        username === null ? null : canonicalUsername(username),
        person.firstName,
        person.lastName,
        person.phoneNumber,
        person.passwordHash,
        person.state,
        new Date(),
        person.id ?? null,
      ],
      tx,
    );
  }

  /** The mailbox is proven: a pending account becomes active, a disabled one stays disabled. */
  verifyEmail(id: number, tx: EntityManager): Promise<User> {
    return this.existing(VERIFY_EMAIL, [id, new Date()], tx);
  }

  /** What a later sign-up with the same address said, once that one was proven. */
  registerAgain(id: number, registration: StoredRegistration, tx: EntityManager): Promise<User> {
    const { passwordHash, firstName, lastName, phoneNumber, username } = registration;
    const canonical = username === null ? null : canonicalUsername(username);
    return this.existing(REGISTER_AGAIN, [id, passwordHash, firstName, lastName, phoneNumber, username, canonical], tx);
  }

  setPassword(id: number, passwordHash: string, tx: EntityManager): Promise<User> {
    return this.existing(SET_PASSWORD, [id, passwordHash], tx);
  }

  /** The new address is unverified. Throws `email_taken`, which ends `tx`. */
  setEmail(id: number, email: EmailAddress, tx: EntityManager): Promise<User> {
    return this.existing(SET_EMAIL, [id, email.shown, email.canonical], tx);
  }

  /** For operators: what a person does leads to a state by `verifyEmail` only. */
  setState(id: number, state: UserState, tx: EntityManager): Promise<User> {
    return this.existing(SET_STATE, [id, state], tx);
  }

  setRole(id: number, role: Role, tx: EntityManager): Promise<User> {
    return this.existing(SET_ROLE, [id, role], tx);
  }

  /** What is `undefined` stays as it is. */
  setDetails(id: number, details: PersonalDetails, tx?: EntityManager): Promise<User> {
    const { firstName, lastName, phoneNumber, picture } = details;
    return this.existing(
      SET_DETAILS,
      [
        id,
        firstName ?? null,
        lastName ?? null,
        phoneNumber !== undefined,
        phoneNumber ?? null,
        picture !== undefined,
        picture ?? null,
      ],
      tx,
    );
  }

  /** The account and everything that hangs on it. */
  async erase(id: number, tx: EntityManager): Promise<void> {
    await this.statements.run(ERASE, [id], tx);
  }

  /** Accounts that nobody proved within `days`; answers how many went. */
  async erasePending(days: number): Promise<number> {
    const before = new Date(Date.now() - days * 86_400_000);
    return (await this.statements.run(ERASE_PENDING, [before])).length;
  }

  private async one(statement: Statement, values: unknown[], tx?: EntityManager): Promise<User | null> {
    const [row] = await this.statements.run<User>(statement, values, tx);
    return row === undefined ? null : Object.assign(new User(), row);
  }

  private async existing(statement: Statement, values: unknown[], tx?: EntityManager): Promise<User> {
    try {
      const user = await this.one(statement, values, tx);
      if (user === null) throw new Failure('account_gone');
      return user;
    } catch (error) {
      const constraint = brokenUniqueConstraint(error);
      if (constraint === 'users_email_canonical_key') throw new Failure('email_taken');
      if (constraint === 'users_username_canonical_key') throw new Failure('username_taken');
      throw error;
    }
  }
}

function isFree(username: string): string {
  return `NOT EXISTS (SELECT FROM users u WHERE u.username_canonical = ${username}::text AND u.id <> $1)`;
}

/** Usernames that look alike to a reader of any case are one. */
export function canonicalUsername(username: string): string {
  return username.normalize('NFKC').toLowerCase();
}
