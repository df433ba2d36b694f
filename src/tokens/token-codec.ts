import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService, type JwtSignOptions, type JwtVerifyOptions } from '@nestjs/jwt';
import { randomSecret } from '../platform/crypto/secrets.js';
import { KeyRing } from './key-ring.js';

export type TokenType = 'access' | 'refresh';

/** What our JWTs say. `iat` and `exp` are seconds since 1970. */
export interface TokenClaims {
  /** The account's UUID; the same on every surface, for good. */
  sub: string;
  /** The session that the token lives and dies with. */
  sid: string;
  jti: string;
  iat: number;
  exp: number;
  token_type: TokenType;
  /** The id that the surface shows for the account. */
  user_id: string;
  /** Access tokens only. */
  role?: string;
}

/** A pattern alone would take a list of one for its item. */
function isUuid(value: unknown): boolean {
  return typeof value === 'string' && UUID.test(value);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type ReadToken = { outcome: 'good'; claims: TokenClaims } | { outcome: 'invalid' | 'expired' | 'wrong_type' };

/** The one place where tokens are signed and read. */
@Injectable()
export class TokenCodec {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
  ) {}

  sign(claims: TokenClaims): string {
    return this.encode(claims);
  }

  /**
   * For an answer that has to hold a token where nobody has proven anything: a JWT in form, over as it begins, of a type
   * that nothing asks for, and about no account and no session.
   */
  signInert(): string {
    const now = Math.floor(Date.now() / 1000);
    return this.encode({ jti: randomSecret(), iat: now, exp: now, token_type: 'pending' });
  }

  private encode(claims: object): string {
    const { kid, privateKey } = this.keys.signing;
    // The service declares its options narrower than the library that it hands them to: a KeyObject spares parsing PEM.
    const options = { privateKey, keyid: kid } as unknown as JwtSignOptions;
    return this.jwt.sign({ ...claims }, options);
  }

  /** Signature, issuer, audience, times and shape; whether the session still lives is asked elsewhere. */
  read(token: unknown, type: TokenType, { evenIfExpired = false } = {}): ReadToken {
    if (typeof token !== 'string') return { outcome: 'invalid' };
    try {
      const claims = this.jwt.verify<TokenClaims>(token, {
        publicKey: this.keyFor(token),
        ignoreExpiration: evenIfExpired,
      } as unknown as JwtVerifyOptions);
      return judge(claims, type);
    } catch (error) {
      return { outcome: error instanceof Error && error.name === 'TokenExpiredError' ? 'expired' : 'invalid' };
    }
  }

  /** For a library that verifies by itself; throws when the token's header names no key of ours. */
  keyFor(token: string): KeyObject {
    const decoded: unknown = this.jwt.decode(token, { complete: true });
    const key = this.keys.publicKey((decoded as { header: { kid?: unknown } } | null)?.header.kid);
    if (key === undefined) throw new Error('the token names no key of this service');
    return key;
  }
}

/** Tokens that are signed well and yet not of ours, or not of the kind that is asked for. */
export function judge(claims: TokenClaims, type: TokenType): ReadToken {
  const isOurs =
    Number.isInteger(claims.exp) &&
    Number.isInteger(claims.iat) &&
    isUuid(claims.sid) &&
    isUuid(claims.sub) &&
    typeof claims.user_id === 'string';
  if (!isOurs) return { outcome: 'invalid' };
  if (claims.token_type !== type) return { outcome: 'wrong_type' };
  return { outcome: 'good', claims };
}
