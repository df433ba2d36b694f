/** One broken rule on one input; `message` is in the words of the surface that states the rule. */
export interface Problem {
  readonly in: 'body' | 'query' | 'path';
  readonly field: string;
  readonly rule: string;
  readonly message: string;
  /** What came for the field; absent where nothing did. */
  readonly value?: unknown;
  /** The figures of the rule, such as how long a text may be. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export type PasswordWeakness =
  'too_similar_to_email' | 'too_similar_to_username' | 'too_short' | 'too_long' | 'too_common';

/** Everything that goes wrong on purpose, and the facts a surface may word it with. Seconds where it says `retryAfter`. */
export interface FailureDetails {
  // What was sent cannot be read.
  /** `input`: what could be read of it, broken rules included; `raw`: all that came, undeclared fields included. */
  invalid_input: { problems: readonly Problem[]; input?: object; raw?: Readonly<Record<string, unknown>> };
  body_not_an_object: { got: 'null' | 'list' | 'str' | 'int' | 'float' | 'bool'; value?: unknown };
  /** `reason` as Python's decoder words it, since that is what the front ends were shown; `position` in code points. */
  malformed_json: { message: string; position: number; reason: string };
  malformed_multipart: { reason: string };
  unsupported_media_type: { mediaType: string };
  not_acceptable: object;
  method_not_allowed: { method: string; allowed: readonly string[] };
  not_found: object;

  // Who is calling.
  not_authenticated: object;
  malformed_authorization_header: object;
  access_token_invalid: object;
  access_token_expired: object;
  access_token_of_wrong_type: object;
  account_gone: object;
  account_not_active: object;

  // Signing in and staying so.
  wrong_credentials: object;
  login_before_activation: object;
  refresh_token_invalid: object;
  refresh_token_expired: object;
  refresh_token_of_wrong_type: object;
  session_ended: object;
  refresh_for_inactive_account: object;

  // The account.
  /** Only where discovery is not hidden; `email` as its owner would write it. */
  account_unknown: { email: string };
  /** No account has this number; only where discovery is not hidden. */
  account_not_found: object;
  email_not_verified: object;
  /** Somebody else's, or not to be had in this way. */
  forbidden: object;
  email_taken: object;
  username_taken: object;
  weak_password: { weaknesses: readonly PasswordWeakness[] };
  wrong_current_password: object;
  one_time_token_invalid: object;
  one_time_token_expired: object;
  one_time_token_used: object;
  code_incorrect: object;

  // The picture.
  picture_not_a_url: object;
  /** No image of a kind that is taken, or a broken one. */
  picture_invalid: object;
  picture_too_large: { maxBytes: number; maxPixels: number };

  // Not now.
  too_many_requests: { retryAfter: number };
  overloaded: { retryAfter: number };
}

export type FailureCode = keyof FailureDetails;

/** The only exception the core throws: a code and the facts, no sentence. The surface that was asked has the words. */
export class Failure<Code extends FailureCode = FailureCode> extends Error {
  override name = 'Failure';

  constructor(
    readonly code: Code,
    ...details: object extends FailureDetails[Code] ? [] : [FailureDetails[Code]]
  ) {
    super(code);
    this.details = (details[0] ?? {}) as FailureDetails[Code];
  }

  readonly details: FailureDetails[Code];
}
