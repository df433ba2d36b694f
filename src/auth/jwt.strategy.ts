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
    private readonly codec: TokenCodec,
    { issuer }: Environment,
  ) {
    super({
      jwtFromRequest: (request: WithAuthorization) => bearerToken(request.headers.authorization),
      secretOrKeyProvider: (_request: unknown, token: string, done: KeyCallback) => {
        codec
          .prepare(token)
          // A KeyObject is what the library hands on to, and its types leave out.
          .then(() => codec.keyFor(token) as unknown as string)
          .then(
            (key) => done(null, key),
            (error: unknown) => done(error as Error),
          );
      },
      algorithms: [SIGNING_ALGORITHM],
      issuer,
      audience: issuer,
      passReqToCallback: true,
    });
  }

  /** Throws `access_token_…`, `account_gone`, `account_not_active`. */
  async validate({ headers }: WithAuthorization, payload: TokenClaims): Promise<Caller> {
    const typ = this.codec.typeOf(bearerToken(headers.authorization) ?? '');
    const judged = judge(payload, typ, 'access');
    if (judged.outcome === 'wrong_type') throw new Failure('access_token_of_wrong_type');
    if (judged.outcome !== 'good') throw new Failure('access_token_invalid');
    return this.callers.find(judged.claims);
  }
}

interface WithAuthorization {
  headers: { authorization?: string };
}

type KeyCallback = (error: Error | null, key?: string) => void;
