import { frameworkWording, PASSWORD_WORDS, pictureWording } from '../kit/drf/wording.js';
import type { Answer, Wording } from '../kit/wording.js';
import type { PasswordWeakness } from '../../failure.js';

export const EMAIL_TAKEN = 'user with this email already exists.';
export const WRONG_PASSWORD = 'Invalid password.';
export const PASSWORDS_DIFFER = "The two password fields didn't match.";
export const EMAILS_DIFFER = "The two email fields didn't match.";
export const UNKNOWN_UID = "Invalid user id or user doesn't exist.";
const BAD_TOKEN = 'Invalid token for given user.';

const framework = frameworkWording('JWT');

const field = (name: string, ...messages: string[]): Answer => [400, { [name]: messages }];
const weak = (name: string, weaknesses: readonly PasswordWeakness[]): Answer =>
  field(name, ...weaknesses.map((weakness) => PASSWORD_WORDS[weakness]));
const badToken = (): Answer => field('token', BAD_TOKEN);

/** For a wrong password, an unknown address and an inactive account alike. */
const noActiveAccount = (): Answer => {
  const [status, , headers] = framework.refresh_for_inactive_account({});
  return [status, { detail: 'No active account found with the given credentials' }, headers];
};

/** How this surface says what goes wrong: `contract/djoser.md`. */
export const failures: Wording = {
  ...framework,
  ...pictureWording('picture'),

  wrong_credentials: noActiveAccount,
  login_before_activation: noActiveAccount,
  account_unknown: () => [400, ['User with given email does not exist.']],
  email_not_verified: noActiveAccount,
  email_taken: () => field('email', EMAIL_TAKEN),
  username_taken: () => field('username', 'A user with that username already exists.'),
  weak_password: ({ weaknesses }) => weak('new_password', weaknesses),
  wrong_current_password: () => field('current_password', WRONG_PASSWORD),
  one_time_token_invalid: badToken,
  one_time_token_expired: badToken,
  one_time_token_used: badToken,
  code_incorrect: badToken,
};

export const createFailures: Wording = {
  ...failures,
  // Somebody else was faster: the field was found free a moment ago.
  email_taken: () => [400, ['Unable to create account.']],
  weak_password: ({ weaknesses }) => weak('password', weaknesses),
};

/** Whoever asks for or changes an account of somebody else is told that there is none. */
export const hidingFailures: Wording = { ...failures, forbidden: () => failures.not_found({}) };

export const activationFailures: Wording = {
  ...failures,
  one_time_token_used: () => [403, { detail: 'Stale token for given user.' }],
};

export const newEmailFailures: Wording = { ...failures, email_taken: () => field('new_email', EMAIL_TAKEN) };

/** A token that is no good is invalid or expired, whatever its kind and whosever it is. */
export const verifyFailures: Wording = {
  ...failures,
  access_token_invalid: () => failures.refresh_token_invalid({}),
  access_token_expired: () => failures.refresh_token_expired({}),
  account_gone: () => failures.refresh_token_invalid({}),
  account_not_active: () => failures.refresh_token_invalid({}),
  session_ended: () => [400, { non_field_errors: ['Token is blacklisted'] }],
};
