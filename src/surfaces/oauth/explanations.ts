import type { Explanation, ExplanationCode, ExplanationDetails } from '../../auth/explanation.service.js';

const when = (date: Date): string => date.toISOString();

const ENDS: Readonly<Record<ExplanationDetails['session_ended']['reason'], string>> = {
  logout: 'its owner logged out',
  reuse: 'a refresh token that had been replaced was used again',
  password_change: 'the password was changed',
  password_reset: 'the password was reset',
  email_verified: 'the e-mail address was proven',
  email_change: 'the e-mail address was changed',
  disabled: 'the account was disabled',
  revoked: 'a service or an operator ended it',
};

/** A sentence for each reason; the codes are stable, the sentences are not. */
const SENTENCES: { readonly [Code in ExplanationCode]: (details: ExplanationDetails[Code]) => string } = {
  good: ({ kind, for: seconds }) => `A good ${kind} token, for ${seconds} s more.`,
  malformed: () => 'Not a JSON Web Token: three parts in base64url, of which two are JSON objects.',
  wrong_algorithm: ({ algorithm }) => `Its header names the algorithm ${algorithm}; this service signs with ES256.`,
  unknown_key: ({ kid }) => `Its header names the key ${kid}, which this service never had: another issuer signed it.`,
  key_retired: ({ kid }) => `Its key ${kid} was retired: every token that it signed has expired.`,
  key_revoked: ({ kid, at }) => `Its key ${kid} was revoked at ${when(at)}.`,
  bad_signature: () => 'Its signature does not fit: it was changed, or somebody else signed it.',
  wrong_issuer: ({ issuer }) => `Its issuer is ${issuer}, not this service: was PUBLIC_URL changed?`,
  wrong_audience: ({ audience }) => `It is for ${audience}, not for this service: was PUBLIC_URL changed?`,
  not_yet_valid: () => 'It is not good yet: compare the clocks.',
  expired: ({ ago }) => `It expired ${ago} s ago.`,
  wrong_type: ({ typ, claim }) => `It is of no kind that we issue: typ ${typ}, token_type ${claim}.`,
  unreadable_claims: () => 'It is signed well, but a claim that we rely on is missing or of another type.',
  session_unknown: () => 'Its session is gone, and so is the account, most likely.',
  session_of_another: () => 'Its session belongs to another account.',
  account_not_active: ({ state }) => `Its account is ${state}.`,
  session_ended: ({ at, reason }) => `Its session ended at ${when(at)}: ${ENDS[reason]}.`,
  session_expired: ({ at }) => `Its session ended at ${when(at)}, as it was bound to.`,
  refresh_replaced: ({ at }) => `It was exchanged for another refresh token, the last time at ${when(at)}.`,
  refused: () => 'It is refused. Ask again: what is wrong with it changed in this moment.',
};

/** In words. */
export function describeExplanation({ code, details }: Explanation): string {
  return (SENTENCES[code] as (details: unknown) => string)(details);
}
