import { PASSWORD_MAX_LENGTH } from '../../auth/password-policy.js';
import type { PasswordWeakness } from '../../failure.js';
import { PASSWORD_WORDS } from '../kit/drf/wording.js';
import { frameworkWording, unprocessable, type Entry } from '../kit/fastapi/wording.js';
import type { Answer, Wording } from '../kit/wording.js';

const badAccessToken = (): Answer => [401, { detail: 'No permission -- see authorization schemes' }];
const badRefreshToken = (): Answer => [401, { detail: 'Refresh token is missing or invalid.' }];
const badLink = (): Answer => [400, { detail: 'Invalid token' }];
const badCredentials = (): Answer => [401, { detail: 'User not found or invalid credentials' }];
const badPicture = (): Answer => [400, { detail: 'Invalid picture' }];
const forbidden = (): Answer => [403, { detail: 'Request forbidden -- authorization will not help' }];

/** How this surface says what goes wrong: `contract/api-v1.md`. */
export const failures: Wording = {
  ...frameworkWording,

  malformed_authorization_header: badAccessToken,
  access_token_invalid: badAccessToken,
  access_token_expired: badAccessToken,
  access_token_of_wrong_type: badAccessToken,
  account_gone: badAccessToken,
  account_not_active: badAccessToken,

  wrong_credentials: badCredentials,
  login_before_activation: badCredentials,
  refresh_token_invalid: badRefreshToken,
  refresh_token_expired: badRefreshToken,
  refresh_token_of_wrong_type: badRefreshToken,
  session_ended: badRefreshToken,
  refresh_for_inactive_account: badRefreshToken,

  account_unknown: () => [404, { detail: 'Nothing matches the given URI' }],
  account_not_found: () => [404, { detail: 'Nothing matches the given URI' }],
  email_not_verified: forbidden,
  forbidden,
  email_taken: () => [422, { detail: 'Email' }],
  username_taken: () => [422, { detail: 'Username' }],
  weak_password: ({ weaknesses }) => unprocessable(weaknesses.map(weak)),
  wrong_current_password: () => [400, { detail: 'Incorrect password' }],
  one_time_token_invalid: badLink,
  one_time_token_expired: badLink,
  one_time_token_used: badLink,
  code_incorrect: badLink,
  picture_not_a_url: badPicture,
  picture_invalid: badPicture,
  picture_too_large: badPicture,
};

/** A body that is no object may be a password; it is not told back. */
export const resetFailures: Wording = {
  ...failures,
  body_not_an_object: ({ got }) => failures.body_not_an_object({ got }),
};

function weak(weakness: PasswordWeakness): Entry {
  const loc = ['body', 'new_password'];
  if (weakness !== 'too_long') {
    return { type: 'value_error', loc, msg: `Value error, ${PASSWORD_WORDS[weakness]}`, input: null };
  }
  const max = PASSWORD_MAX_LENGTH;
  const msg = `String should have at most ${max} characters`;
  return { type: 'string_too_long', loc, msg, input: null, ctx: { max_length: max } };
}
