import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { OneTimeTokensService, type Peek, type Purpose } from '../tokens/one-time-tokens.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** The account as it was before, and what the secret was issued with. */
export interface Consumed {
  owner: User;
  registration: object | null;
}

/** The two halves of using a mailed secret: look while work is still to be done, then consume under the account's lock. */
@Injectable()
export class OneTimeLinksService {
  constructor(
    private readonly users: UsersService,
    private readonly oneTimeTokens: OneTimeTokensService,
  ) {}

  /**
   * Changes nothing. With `userId`, the secret must be of that account.
   * Throws `one_time_token_invalid`, `…_used`, `…_expired`.
   */
  async inspect(token: string, purpose: Purpose, userId?: number): Promise<Peek> {
    const peek = await this.oneTimeTokens.peek(token, purpose);
    const isForAnother = userId !== undefined && peek?.userId !== userId;
    if (peek === null || peek.state === 'over' || isForAnother) throw new Failure('one_time_token_invalid');
    if (peek.state === 'used') throw new Failure('one_time_token_used');
    if (peek.state === 'expired') throw new Failure('one_time_token_expired');
    return peek;
  }

  /** `inspect` by somebody who means to use the secret: told once that it has expired, it is forgotten. */
  async present(token: string, purpose: Purpose, userId?: number): Promise<Peek> {
    try {
      return await this.inspect(token, purpose, userId);
    } catch (error) {
      if (error instanceof Failure && error.code === 'one_time_token_expired') await this.oneTimeTokens.discard(token);
      throw error;
    }
  }

  /**
   * Locks the account and consumes the secret: for exactly one caller, and only while the account has the address that
   * the secret was made for, unless it is the proof of another one. Throws `one_time_token_invalid`, `one_time_token_used`, which end `tx`.
   */
  async consume(token: string, purpose: Purpose, peek: Peek, tx: EntityManager): Promise<Consumed> {
    const owner = await this.users.lock(peek.userId, tx);
    const isForAnother = purpose !== 'confirm_email' && owner?.emailCanonical !== peek.address;
    if (owner === null || owner.state === 'disabled' || isForAnother) {
      throw new Failure('one_time_token_invalid');
    }
    const redeemed = await this.oneTimeTokens.redeem(token, purpose, tx);
    if (redeemed === undefined) throw new Failure('one_time_token_used');
    return { owner, registration: redeemed.registration };
  }
}
