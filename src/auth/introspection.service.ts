import { Injectable } from '@nestjs/common';
import { Failure } from '../failure.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { TokenCodec, type TokenClaims } from '../tokens/token-codec.js';
import type { User } from '../users/user.entity.js';
import { CallersService } from './callers.service.js';

/** A token that would be let in, or exchanged, at this moment; `user` of access tokens, as the database has it. */
export type ActiveToken =
  { kind: 'access'; claims: TokenClaims; user: User } | { kind: 'refresh'; claims: TokenClaims };

/** What other services ask about tokens. Asks the same code as the guard of our own routes, and the refresh routes. */
@Injectable()
export class IntrospectionService {
  constructor(
    private readonly codec: TokenCodec,
    private readonly callers: CallersService,
    private readonly sessions: SessionsService,
  ) {}

  /** `null` for every token that is good for nothing now, whatever the reason. Changes nothing. */
  async introspect(token: string): Promise<ActiveToken | null> {
    const access = await this.codec.read(token, 'access');
    if (access.outcome === 'good') {
      const caller = await this.callers.find(access.claims).catch(refused);
      return caller && { kind: 'access', claims: access.claims, user: caller.user };
    }
    const refresh = await this.sessions.exchangeable(token);
    return refresh && { kind: 'refresh', claims: refresh };
  }

  /** Ends the session that a token of either kind belongs to; `false` where there is nothing to end. */
  async revoke(token: string): Promise<boolean> {
    for (const kind of ['access', 'refresh'] as const) {
      const read = await this.codec.read(token, kind);
      if (read.outcome === 'good') return this.sessions.revoke(read.claims.sid);
    }
    return false;
  }
}

function refused(error: unknown): null {
  if (error instanceof Failure) return null;
  throw error;
}
