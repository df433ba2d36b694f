import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { Failure } from '../failure.js';
import { LimitsService } from '../limits/limits.service.js';
import { MailService } from '../mail/mail.service.js';
import { SessionsService, type Rotation, type SessionTokens } from '../tokens/sessions.service.js';
import { HistoryService } from '../users/history.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { recipientOf, sessionReusedLetter } from './letters.js';

@Injectable()
export class RefreshService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly mail: MailService,
    private readonly history: HistoryService,
    private readonly limits: LimitsService,
  ) {}

  /**
   * The successor of a refresh token that was issued by one of `surfaces`. Throws `refresh_token_…`, `session_ended`,
   * `refresh_for_inactive_account`, `too_many_requests`.
   */
  async rotate(presented: unknown, surfaces: readonly string[]): Promise<SessionTokens> {
    await this.limits.count('refresh');
    return this.tokensOf(await this.sessions.rotate(presented, surfaces));
  }

  /** `rotate`, with the account that the tokens are of. */
  async rotateForOwner(
    presented: unknown,
    surfaces: readonly string[],
  ): Promise<{ user: User; tokens: SessionTokens }> {
    await this.limits.count('refresh');
    const rotation = await this.sessions.rotate(presented, surfaces);
    const tokens = await this.tokensOf(rotation);
    const user = rotation.outcome === 'rotated' ? await this.users.find(rotation.userId) : null;
    if (user === null) throw new Failure('session_ended');
    return { user, tokens };
  }

  /** A new access token for a refresh token that stays as it is; throws as `rotate`. */
  async renew(presented: unknown, surfaces: readonly string[]): Promise<SessionTokens> {
    await this.limits.count('refresh');
    return this.tokensOf(await this.sessions.renew(presented, surfaces));
  }

  private async tokensOf(rotation: Rotation): Promise<SessionTokens> {
    switch (rotation.outcome) {
      case 'rotated':
        return rotation.tokens;
      case 'reused':
        await this.endStolen(rotation.sessionId, rotation.userId);
        // Only now: thrown inside the transaction, it would have taken the end of the session back.
        throw new Failure('session_ended');
      case 'ended':
        throw new Failure('session_ended');
      case 'inactive':
        throw new Failure('refresh_for_inactive_account');
      case 'expired':
        throw new Failure('refresh_token_expired');
      case 'wrong_type':
        throw new Failure('refresh_token_of_wrong_type');
      case 'invalid':
        throw new Failure('refresh_token_invalid');
    }
  }

  /** Somebody holds a token that was replaced: the session ends, and its owner hears of it, once. */
  private async endStolen(sessionId: string, userId: number): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const owner = await this.users.lock(userId, tx);
      const ended = await this.sessions.end(sessionId, 'reuse', tx);
      if (owner === null || !ended) return;
      await this.history.record('session_reused', userId, tx);
      await this.mail.enqueueOnce(sessionReusedLetter(), recipientOf(owner), tx);
    });
  }
}
