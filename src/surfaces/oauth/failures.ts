import type { Answer, Wording } from '../kit/wording.js';

/** The codes of RFC 6749 §5.2 and RFC 6750 §3.1, and what is left. Descriptions keep to the letters these allow. */
type OAuthError = 'invalid_request' | 'invalid_client' | 'insufficient_scope' | 'not_found' | 'temporarily_unavailable';

const say = (status: number, error: OAuthError, description: string, headers?: Record<string, string>): Answer => [
  status,
  { error, error_description: description },
  headers,
];

const unreadable = (description: string) => (): Answer => say(400, 'invalid_request', description);

const noClient = (description: string) => (): Answer =>
  say(401, 'invalid_client', description, { 'www-authenticate': 'Basic realm="ostiary", charset="UTF-8"' });

/** Of access tokens in the header: this surface asks for clients. */
const noPerson = noClient('This is for service clients: an access token opens nothing here.');

/** What is about accounts and their secrets, and cannot happen here. */
const notOurs = unreadable('This is not about accounts.');

const later =
  (status: number) =>
  ({ retryAfter }: { retryAfter: number }): Answer =>
    say(status, 'temporarily_unavailable', 'Try again later.', { 'retry-after': String(retryAfter) });

/** How this surface says what goes wrong: `error` and `error_description`, as OAuth 2.0 has it. */
export const failures: Wording = {
  invalid_input: ({ problems }) =>
    say(400, 'invalid_request', problems.map(({ field, message }) => `${field}: ${message}`).join(' ')),
  body_not_an_object: unreadable('The body has to be a form.'),
  malformed_json: unreadable('The body cannot be read.'),
  malformed_multipart: unreadable('The body cannot be read.'),
  unsupported_media_type: () => say(415, 'invalid_request', 'The body has to be a form.'),
  not_acceptable: () => say(406, 'invalid_request', 'The answer is JSON.'),
  method_not_allowed: ({ allowed }) =>
    say(405, 'invalid_request', 'Another method is meant.', { allow: allowed.join(', ') }),
  not_found: () => say(404, 'not_found', 'There is nothing here.'),

  not_authenticated: noClient('The id and the secret of a service client are missing.'),
  wrong_credentials: noClient('There is no such client, or its secret is another one.'),
  forbidden: () => say(403, 'insufficient_scope', 'This client may not do that.'),

  malformed_authorization_header: noPerson,
  access_token_invalid: noPerson,
  access_token_expired: noPerson,
  access_token_of_wrong_type: noPerson,
  account_gone: noPerson,
  account_not_active: noPerson,
  login_before_activation: notOurs,
  refresh_token_invalid: notOurs,
  refresh_token_expired: notOurs,
  refresh_token_of_wrong_type: notOurs,
  session_ended: notOurs,
  refresh_for_inactive_account: notOurs,
  account_unknown: notOurs,
  account_not_found: notOurs,
  picture_not_a_url: notOurs,
  picture_invalid: notOurs,
  picture_too_large: notOurs,
  email_not_verified: notOurs,
  email_taken: notOurs,
  username_taken: notOurs,
  weak_password: notOurs,
  wrong_current_password: notOurs,
  one_time_token_invalid: notOurs,
  one_time_token_expired: notOurs,
  one_time_token_used: notOurs,
  code_incorrect: notOurs,

  too_many_requests: later(429),
  overloaded: later(503),
};
