import { frameworkWording, pictureWording } from '../kit/drf/wording.js';
import type { Answer, Wording } from '../kit/wording.js';

const nothingHere = (): Answer => [404, { detail: 'Not found.' }];

/** Pictures are there or not; nobody signs in here and nothing is changed. */
export const failures: Wording = {
  ...frameworkWording('Bearer'),
  ...pictureWording('picture'),

  wrong_credentials: nothingHere,
  login_before_activation: nothingHere,
  account_unknown: nothingHere,
  email_not_verified: nothingHere,
  email_taken: nothingHere,
  username_taken: nothingHere,
  weak_password: nothingHere,
  wrong_current_password: nothingHere,
  one_time_token_invalid: nothingHere,
  one_time_token_expired: nothingHere,
  one_time_token_used: nothingHere,
  code_incorrect: nothingHere,
};
