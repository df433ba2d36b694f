import { Injectable } from '@nestjs/common';
import { Failure } from '../failure.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { TokenCodec } from '../tokens/token-codec.js';
import { CallersService } from './callers.service.js';

/** Judges tokens for those who hold one and want to know whether it is still good. */
@Injectable()
export class InspectionService {
  constructor(
    private readonly codec: TokenCodec,
    private readonly callers: CallersService,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * Returns where an access token would be let in, and a refresh token of one of `surfaces` be exchanged. Ends nothing,
   * not even for a token that was replaced. Throws `access_token_invalid`, `access_token_expired` for a token of either
   * kind; `account_gone`, `account_not_active`; `session_ended` for a refresh token.
   */
  async inspect(token: string, surfaces: readonly string[]): Promise<void> {
    const read = await this.codec.read(token, 'access');
    if (read.outcome === 'good') {
      await this.callers.find(read.claims);
      return;
    }
    const outcome = read.outcome === 'wrong_type' ? await this.sessions.inspect(token, surfaces) : read.outcome;
    switch (outcome) {
      case 'live':
        return;
      case 'ended':
        throw new Failure('session_ended');
      case 'inactive':
        throw new Failure('account_not_active');
      case 'expired':
        throw new Failure('access_token_expired');
      case 'wrong_type':
      case 'invalid':
        throw new Failure('access_token_invalid');
    }
  }
}
