import { Injectable } from '@nestjs/common';
import { KeyRing } from '../tokens/key-ring.js';
import { SessionsService, type SessionReport } from '../tokens/sessions.service.js';
import { TokenCodec, TYPES, type Examination, type TokenType } from '../tokens/token-codec.js';
import { IntrospectionService } from './introspection.service.js';

/** Why a token is good or refused, and the facts. Seconds where it says `for` or `ago`. */
export interface ExplanationDetails {
  good: { kind: TokenType; for: number };
  malformed: object;
  wrong_algorithm: { algorithm: string };
  unknown_key: { kid: string };
  key_retired: { kid: string };
  key_revoked: { kid: string; at: Date };
  bad_signature: object;
  wrong_issuer: { issuer: string };
  wrong_audience: { audience: string };
  not_yet_valid: object;
  expired: { ago: number };
  wrong_type: { typ: string; claim: string };
  unreadable_claims: object;
  session_unknown: object;
  session_of_another: object;
  account_not_active: { state: string };
  session_ended: { at: Date; reason: NonNullable<SessionReport['endedReason']> };
  session_expired: { at: Date };
  refresh_replaced: { at: Date };
  /** What the guard refuses, and nothing above is the reason. */
  refused: object;
}

export type ExplanationCode = keyof ExplanationDetails;

export type Explanation = {
  [Code in ExplanationCode]: { code: Code; details: ExplanationDetails[Code] };
}[ExplanationCode] & { header: object | null; claims: object | null };

/** A reason of one kind, for `Explanation`. */
type Reason = { [Code in ExplanationCode]: { code: Code; details: ExplanationDetails[Code] } }[ExplanationCode];

/** Why a token is good or refused, for people who operate services. The verdict itself is the one of our own guard. */
@Injectable()
export class ExplanationService {
  constructor(
    private readonly codec: TokenCodec,
    private readonly keys: KeyRing,
    private readonly sessions: SessionsService,
    private readonly introspection: IntrospectionService,
  ) {}

  async explain(token: string): Promise<Explanation> {
    const active = await this.introspection.introspect(token);
    const { header, claims, flaw } = this.codec.examine(token);
    if (active !== null) {
      const details = { kind: active.kind, for: active.claims.exp - now() };
      return { code: 'good', details, header, claims };
    }
    return { ...(await this.reasonOf({ header, claims, flaw })), header, claims };
  }

  private async reasonOf({ header, claims, flaw }: Examination): Promise<Reason> {
    if (header === null || claims === null) return { code: 'malformed', details: {} };
    switch (flaw) {
      case 'malformed':
        return { code: 'malformed', details: {} };
      case 'algorithm':
        return { code: 'wrong_algorithm', details: { algorithm: text(header.alg) } };
      case 'key':
        return this.reasonOfKey(text(header.kid));
      case 'signature':
        return { code: 'bad_signature', details: {} };
      case 'issuer':
        return { code: 'wrong_issuer', details: { issuer: text(claims.iss) } };
      case 'audience':
        return { code: 'wrong_audience', details: { audience: text(claims.aud) } };
      case 'not_yet':
        return { code: 'not_yet_valid', details: {} };
      case 'expired':
        return { code: 'expired', details: { ago: now() - Number(claims.exp) } };
      case 'claims':
        return { code: 'unreadable_claims', details: {} };
      case null:
        return this.reasonOfSession(header, claims);
    }
  }

  private async reasonOfKey(kid: string): Promise<Reason> {
    const key = await this.keys.stateOf(kid);
    if (key?.state === 'revoked' && key.revokedAt !== null) {
      return { code: 'key_revoked', details: { kid, at: key.revokedAt } };
    }
    return { code: key?.state === 'retired' ? 'key_retired' : 'unknown_key', details: { kid } };
  }

  private async reasonOfSession(header: Record<string, unknown>, claims: Record<string, unknown>): Promise<Reason> {
    const kind = claims.token_type;
    if ((kind !== 'access' && kind !== 'refresh') || header.typ !== TYPES[kind]) {
      return { code: 'wrong_type', details: { typ: text(header.typ), claim: text(kind) } };
    }
    const session = await this.sessions.find(text(claims.sid));
    if (session === null) return { code: 'session_unknown', details: {} };
    if (session.publicId !== claims.sub) return { code: 'session_of_another', details: {} };
    const reason = reasonOfEnd(session);
    if (reason !== null) return reason;
    const { rotatedAt } = session;
    if (kind === 'refresh' && rotatedAt !== null) return { code: 'refresh_replaced', details: { at: rotatedAt } };
    return { code: 'refused', details: {} };
  }
}

function reasonOfEnd({ endedAt, endedReason, expiresAt, state }: SessionReport): Reason | null {
  if (endedAt !== null && endedReason !== null) {
    return { code: 'session_ended', details: { at: endedAt, reason: endedReason } };
  }
  if (state !== 'active') return { code: 'account_not_active', details: { state } };
  return expiresAt <= new Date() ? { code: 'session_expired', details: { at: expiresAt } } : null;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
