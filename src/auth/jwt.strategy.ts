import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { Failure } from '../failure.js';
import { Environment } from '../platform/config/environment.js';
import { SIGNING_ALGORITHM } from '../tokens/key-ring.js';
import { judge, TokenCodec, type TokenClaims } from '../tokens/token-codec.js';
import { bearerToken } from './authorization-header.js';
import { CallersService, type Caller } from './callers.service.js';

/** Passport's `jwt`: access tokens in the header. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly callers: CallersService,
    codec: TokenCodec,
    { issuer }: Environment,
  ) {
    super({
      jwtFromRequest: (request: { headers: { authorization?: string } }) => bearerToken(request.headers.authorization),
      secretOrKeyProvider: (_request: unknown, token: string, done: KeyCallback) => {
        try {
          // A KeyObject is what the library hands on to, and its types leave out.
          done(null, codec.keyFor(token) as unknown as string);
        } catch (error) {
          done(error as Error);
        }
      },
      algorithms: [SIGNING_ALGORITHM],
      issuer,
      audience: issuer,
    });
  }

  /** Throws `access_token_…`, `account_gone`, `account_not_active`. */
  async validate(payload: TokenClaims): Promise<Caller> {
    const judged = judge(payload, 'access');
    if (judged.outcome === 'wrong_type') throw new Failure('access_token_of_wrong_type');
    if (judged.outcome !== 'good') throw new Failure('access_token_invalid');
    return this.callers.find(judged.claims);
  }
}

type KeyCallback = (error: Error | null, key?: string) => void;
