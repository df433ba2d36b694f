import { frameworkWording, PASSWORD_WORDS, pictureWording } from '../kit/drf/wording.js';
import { tooShort } from '../kit/drf/fields.js';
import type { Answer, Wording } from '../kit/wording.js';
import type { PasswordWeakness } from '../../failure.js';

export const EMAIL_TAKEN = 'User with this email already exists.';
export const USERNAME_TAKEN = 'A user with that username already exists.';

const detail = (text: string): Answer => [400, { detail: text }];
const nonField = (text: string): Answer => [400, { non_field_errors: [text] }];

/** How this surface says what goes wrong: `contract/api-auth.md`. */
export const failures: Wording = {
  ...frameworkWording('Bearer'),
  ...pictureWording('avatar'),

  wrong_credentials: () => nonField('Invalid email or password.'),
  login_before_activation: () => nonField('Account is not active. Please verify your email first.'),
  account_unknown: () => [400, { email: ['User with this email does not exist.'] }],
  email_not_verified: () => [403, { detail: 'Account is not active. Please verify your email first.' }],
  email_taken: () => [400, { email: [EMAIL_TAKEN] }],
  username_taken: () => [400, { username: [USERNAME_TAKEN] }],
  weak_password: ({ weaknesses }) => [400, { password: passwordWords(weaknesses) }],
  wrong_current_password: () => [400, { current_password: ['Invalid password.'] }],
  one_time_token_invalid: () => detail('Invalid token'),
  one_time_token_expired: () => detail('Token has expired'),
  one_time_token_used: () => detail('Invalid token'),
  code_incorrect: () => detail('Invalid token'),
};

/** Views written by hand upstream answer one sentence where the others list what is missing by field. */
export const oneSentenceFailures: Wording = {
  ...failures,
  invalid_input: (details) => {
    const [problem] = details.problems;
    return problem?.rule === 'required' ? detail(problem.message) : failures.invalid_input(details);
  },
};

export const logoutFailures: Wording = {
  ...oneSentenceFailures,
  refresh_token_invalid: () => detail('Invalid or expired refresh token.'),
};

export const confirmFailures: Wording = {
  ...oneSentenceFailures,
  one_time_token_invalid: () => detail('Invalid or expired token.'),
  one_time_token_used: () => detail('Invalid or expired token.'),
};

/** A rule of length is a rule of the field: where it speaks, the others wait. */
export function passwordWords(weaknesses: readonly PasswordWeakness[]): string[] {
  if (weaknesses.includes('too_short')) return [tooShort(8)];
  if (weaknesses.includes('too_long')) return [PASSWORD_WORDS.too_long];
  return weaknesses.map((weakness) => PASSWORD_WORDS[weakness]);
}
