import type { FailureDetails } from '../../failure.js';
import { NULL } from '../kit/drf/fields.js';
import { frameworkWording, PASSWORD_WORDS, pictureWording } from '../kit/drf/wording.js';
import type { Answer, Wording } from '../kit/wording.js';
import { camelCased } from './camel-case.js';

export const EMAIL_TAKEN = 'user with this email already exists.';
export const NO_ACTIVE_ACCOUNT = 'No active account found with the given credentials';

/** Rules about two fields, beside those of each. */
export const SAME_AS = 'sameAs';

const BAD_TOKEN = 'Token is invalid or expired';

const field = (name: string, ...messages: string[]): Answer => [400, { [name]: messages }];
const noActiveAccount = (): Answer => [
  401,
  { detail: NO_ACTIVE_ACCOUNT },
  { 'www-authenticate': 'Bearer realm="api"' },
];
const badSessionToken = (): Answer => field('sessionToken', 'Session token has expired or it is incorrect.');
const passwordWords = ({ weaknesses }: FailureDetails['weak_password']): string[] =>
  weaknesses.map((weakness) => PASSWORD_WORDS[weakness]);

/** How this surface says what goes wrong: `contract/api-auth-camel.md`. */
export const failures: Wording = {
  ...camelCased(frameworkWording('Bearer', { invalid: BAD_TOKEN, expired: BAD_TOKEN })),
  ...pictureWording('avatar'),

  wrong_credentials: noActiveAccount,
  login_before_activation: noActiveAccount,
  account_unknown: ({ email }) => field('email', `No user ${email} was found.`),
  email_not_verified: () => [403, { detail: 'Email is not verified.' }],
  email_taken: () => field('email', EMAIL_TAKEN),
  username_taken: () => field('username', 'user with this username already exists.'),
  weak_password: (details) => field('password', ...passwordWords(details)),
  wrong_current_password: () => field('detail', 'Old password is incorrect!'),
  one_time_token_invalid: badSessionToken,
  one_time_token_expired: badSessionToken,
  one_time_token_used: badSessionToken,
  code_incorrect: () => field('code', 'Code has expired or it is incorrect.'),
};

/** An absent address counts as null here, and everything is told under one key. */
export const changeEmailFailures: Wording = {
  ...failures,
  invalid_input: ({ problems }) =>
    field('detail', ...problems.map(({ rule, message }) => (rule === 'required' ? NULL : message))),
  email_taken: () => field('detail', EMAIL_TAKEN),
};

/** One sentence, and no list, for whatever is wrong with a single field. */
export const changePasswordFailures: Wording = {
  ...failures,
  invalid_input: ({ problems }) => {
    const mismatch = problems.find(({ rule }) => rule === SAME_AS);
    return mismatch === undefined ? [400, { detail: 'No blank fields allowed!' }] : field('detail', mismatch.message);
  },
  weak_password: (details) => field('detail', ...passwordWords(details)),
};

export const newPasswordFailures: Wording = {
  ...failures,
  weak_password: (details) => field('newPassword', ...passwordWords(details)),
};
