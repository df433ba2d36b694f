import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService, type JwtSignOptions, type JwtVerifyOptions } from '@nestjs/jwt';
import { randomSecret } from '../platform/crypto/secrets.js';
import { KeyRing, SIGNING_ALGORITHM } from './key-ring.js';

export type TokenType = 'access' | 'refresh';

/** The `typ` of each kind: RFC 9068 for access tokens, so that a strict verifier takes no other kind for one. */
export const TYPES: Readonly<Record<TokenType, string>> = { access: 'at+jwt', refresh: 'rt+jwt' };

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

/** What a token says, whether or not any of it is true, and the first thing that is wrong with it apart from its kind. */
export interface Examination {
  header: Record<string, unknown> | null;
  claims: Record<string, unknown> | null;
  flaw:
    'algorithm' | 'key' | 'signature' | 'issuer' | 'audience' | 'not_yet' | 'expired' | 'claims' | 'malformed' | null;
}

/** The words of the library that verifies. */
const FLAWS: readonly (readonly [RegExp, Examination['flaw']])[] = [
  [/issuer/, 'issuer'],
  [/audience/, 'audience'],
  [/not active/, 'not_yet'],
  [/expired/, 'expired'],
  [/algorithm|signature is required/, 'algorithm'],
  [/signature/, 'signature'],
];

/** The one place where tokens are signed and read. */
@Injectable()
export class TokenCodec {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
  ) {}

  sign(claims: TokenClaims): string {
    return this.encode({ ...claims }, TYPES[claims.token_type]);
  }

  /**
   * For an answer that has to hold a token where nobody has proven anything: a JWT in form, over as it begins, of a type
   * that nothing asks for, and about no account and no session.
   */
  signInert(): string {
    const now = Math.floor(Date.now() / 1000);
    return this.encode({ jti: randomSecret(), iat: now, exp: now, token_type: 'pending' }, 'JWT');
  }

  /**
   * A security event token (RFC 8417). It names no session in `sid`, has no `exp` and a type of its own, so that nobody
   * takes it for a token that opens something.
   */
  signEvent(claims: { jti: string; iat: number; sub_id?: object; events: object }): string {
    return this.encode({ ...claims }, 'secevent+jwt');
  }

  /** Signature, issuer, audience, times and shape; whether the session still lives is asked elsewhere. */
  async read(token: unknown, type: TokenType, { evenIfExpired = false } = {}): Promise<ReadToken> {
    if (typeof token !== 'string') return { outcome: 'invalid' };
    await this.prepare(token);
    try {
      const claims = this.jwt.verify<TokenClaims>(token, {
        publicKey: this.keyFor(token),
        ignoreExpiration: evenIfExpired,
      } as unknown as JwtVerifyOptions);
      return judge(claims, this.typeOf(token), type);
    } catch (error) {
      return { outcome: error instanceof Error && error.name === 'TokenExpiredError' ? 'expired' : 'invalid' };
    }
  }

  /** Makes sure that the key a token names is known here, if there is one: before `keyFor`. */
  async prepare(token: unknown): Promise<void> {
    await this.keys.seek(this.header(token)?.kid);
  }

  /** For a library that verifies by itself; throws when the token's header names no key of ours. */
  keyFor(token: string): KeyObject {
    const key = this.keys.publicKey(this.header(token)?.kid);
    if (key === undefined) throw new Error('the token names no key of this service');
    return key;
  }

  /** Looks as closely as `read`, and tells what it saw. For people; whoever lets somebody in asks `read`. */
  examine(token: string): Examination {
    const { header, payload } = this.decoded(token) ?? {};
    if (header === undefined || typeof payload !== 'object') return { header: null, claims: null, flaw: 'malformed' };
    const seen = { header: { ...header }, claims: { ...payload } };
    if (seen.header.alg !== SIGNING_ALGORITHM) return { ...seen, flaw: 'algorithm' };
    const publicKey = this.keys.publicKey(header.kid);
    if (publicKey === undefined) return { ...seen, flaw: 'key' };
    try {
      const claims = this.jwt.verify<TokenClaims>(token, { publicKey } as unknown as JwtVerifyOptions);
      return { ...seen, flaw: isOurs(claims) ? null : 'claims' };
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      return { ...seen, flaw: FLAWS.find(([words]) => words.test(message))?.[1] ?? 'claims' };
    }
  }

  private encode(claims: object, typ: string): string {
    const { kid, privateKey } = this.keys.signing;
    const header = { alg: SIGNING_ALGORITHM, typ };
    // The service declares its options narrower than the library that it hands them to: a KeyObject spares parsing PEM.
    return this.jwt.sign(claims, { privateKey, keyid: kid, header } as unknown as JwtSignOptions);
  }

  /** The `typ` of a token's header. */
  typeOf(token: string): unknown {
    return this.header(token)?.typ;
  }

  private header(token: unknown): DecodedToken['header'] | undefined {
    return typeof token === 'string' ? this.decoded(token)?.header : undefined;
  }

  private decoded(token: string): DecodedToken | null {
    try {
      return this.jwt.decode<DecodedToken | null>(token, { complete: true });
    } catch {
      return null;
    }
  }
}

interface DecodedToken {
  header: { alg?: unknown; kid?: unknown; typ?: unknown };
  payload: unknown;
}

/**
 * Tokens that are signed well and yet not of ours, or not of the kind that is asked for; `typ` is that of the header, and
 * has to say the same as the claim.
 */
export function judge(claims: TokenClaims, typ: unknown, type: TokenType): ReadToken {
  if (!isOurs(claims)) return { outcome: 'invalid' };
  if (claims.token_type !== type || typ !== TYPES[type]) return { outcome: 'wrong_type' };
  return { outcome: 'good', claims };
}

function isOurs(claims: TokenClaims): boolean {
  return (
    Number.isInteger(claims.exp) &&
    Number.isInteger(claims.iat) &&
    isUuid(claims.sid) &&
    isUuid(claims.sub) &&
    typeof claims.user_id === 'string'
  );
}
