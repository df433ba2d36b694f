import { frameworkWording, PASSWORD_WORDS, pictureWording } from '../kit/drf/wording.js';
import type { Answer, Wording } from '../kit/wording.js';
import type { FailureDetails } from '../../failure.js';

export const EMAIL_TAKEN = 'user with this email already exists.';
export const USERNAME_TAKEN = 'A user with that username already exists.';
export const BASE_URL_REFUSED = 'This verification_base_url is not allowed.';

const UNVERIFIED = 'Please verify your email address to activate your account.';

/** Some of its clients read `msg`, others `detail`. */
const say = (status: number, text: string): Answer => [
  status,
  { detail: text, msg: text },
  status === 401 ? { 'www-authenticate': 'Bearer realm="api"' } : {},
];
const field = (name: string, ...messages: string[]): Answer => [400, { [name]: messages }];
const badLink = (): Answer => say(400, 'Activation link is invalid or expired.');
const badResetLink = (): Answer => say(400, 'Password reset link is invalid or expired.');

/** How this surface says what goes wrong: `contract/accounts.md`. */
export const failures: Wording = {
  ...frameworkWording('Bearer'),
  ...pictureWording('profile_img'),

  wrong_credentials: () => say(401, 'Email or Password in incorrect'),
  login_before_activation: () => say(401, UNVERIFIED),
  account_unknown: () => field('email', 'User with this email does not exist.'),
  email_not_verified: () => say(403, UNVERIFIED),
  email_taken: () => field('email', EMAIL_TAKEN),
  username_taken: () => field('username', USERNAME_TAKEN),
  weak_password: weakPassword('password'),
  wrong_current_password: () => field('old_password', 'Old password is incorrect.'),
  one_time_token_invalid: badLink,
  one_time_token_expired: badLink,
  one_time_token_used: badLink,
  code_incorrect: badLink,
};

export const newPasswordFailures: Wording = {
  ...failures,
  weak_password: weakPassword('new_password'),
  one_time_token_invalid: badResetLink,
  one_time_token_expired: badResetLink,
  one_time_token_used: badResetLink,
};

export const historyFailures: Wording = { ...failures, not_found: () => say(404, 'Invalid page.') };

function weakPassword(name: string): (details: FailureDetails['weak_password']) => Answer {
  return ({ weaknesses }) => field(name, ...weaknesses.map((weakness) => PASSWORD_WORDS[weakness]));
}
