import { join } from 'node:path';
import type { PasswordWeakness } from '../../failure.js';
import { page, PAGE_HEADERS } from '../kit/page.js';
import type { Answer, Wording } from '../kit/wording.js';

/** A title and what there is to say below it. */
export const outcomePage = page<{ title: string; paragraphs: readonly string[] }>(
  join(import.meta.dirname, 'templates', 'outcome.hbs'),
);

const say = (status: number, title: string, ...paragraphs: string[]): Answer => [
  status,
  outcomePage({ title, paragraphs }),
  PAGE_HEADERS,
];

const unreadable = (): Answer =>
  say(400, 'That did not work', 'Something was wrong with what was sent. Open the link in your mail again.');

const badLink = (): Answer =>
  say(
    400,
    'This link is no longer good',
    'It was replaced by a newer one or is not needed any more, or a part of it is missing.',
    'Open the newest mail, or ask for a new one where you signed up.',
  );

const notHere = (): Answer => say(401, 'You are not signed in', 'Open the link in your mail again.');

const busy = ({ retryAfter }: { retryAfter: number }): Answer => {
  const [status, body, headers] = say(503, 'Please try again in a moment', 'Very many people are here at once.');
  return [status, body, { ...headers, 'retry-after': String(retryAfter) }];
};

const tooMany = ({ retryAfter }: { retryAfter: number }): Answer => {
  const [status, body, headers] = say(429, 'Please try again later', 'This was tried too often in a short time.');
  return [status, body, { ...headers, 'retry-after': String(retryAfter) }];
};

/** Failures as pages for people. */
export const failures: Wording = {
  invalid_input: unreadable,
  body_not_an_object: unreadable,
  malformed_json: unreadable,
  malformed_multipart: unreadable,
  unsupported_media_type: unreadable,
  not_acceptable: unreadable,
  method_not_allowed: ({ allowed }) => {
    const [, body, headers] = unreadable();
    return [405, body, { ...headers, allow: allowed.join(', ') }];
  },
  not_found: () => say(404, 'There is nothing here', 'Open the link in your mail again.'),

  not_authenticated: notHere,
  malformed_authorization_header: notHere,
  access_token_invalid: notHere,
  access_token_expired: notHere,
  access_token_of_wrong_type: notHere,
  account_gone: badLink,
  account_not_active: badLink,
  wrong_credentials: notHere,
  login_before_activation: notHere,
  refresh_token_invalid: notHere,
  refresh_token_expired: notHere,
  refresh_token_of_wrong_type: notHere,
  session_ended: notHere,
  refresh_for_inactive_account: notHere,

  account_unknown: badLink,
  account_not_found: badLink,
  email_not_verified: badLink,
  forbidden: badLink,
  email_taken: () =>
    say(400, 'This address has an account', 'It cannot be the address of two. Sign in there, or choose another one.'),
  username_taken: unreadable,
  weak_password: unreadable,
  wrong_current_password: unreadable,
  one_time_token_invalid: badLink,
  one_time_token_expired: () =>
    say(400, 'This link has expired', 'Links are good for a limited time. Ask for a new one where you signed up.'),
  one_time_token_used: () =>
    say(400, 'This link was used before', 'If it was you who used it, there is nothing left to do: you can sign in.'),
  code_incorrect: badLink,

  picture_not_a_url: unreadable,
  picture_invalid: unreadable,
  picture_too_large: unreadable,

  too_many_requests: tooMany,
  overloaded: busy,
};

/** What a person is told about the password they chose. */
export const PASSWORD_ADVICE: Readonly<Record<PasswordWeakness, string>> = {
  too_short: 'Use at least 8 characters.',
  too_long: 'Use at most 128 characters.',
  too_common: 'Many people use this password, so it is tried first. Choose another one.',
  too_similar_to_email: 'Your e-mail address is the first thing that is tried. Choose something else.',
  too_similar_to_username: 'Your name here is the first thing that is tried. Choose something else.',
};

/** What a person is told about the address they chose. */
export const EMAIL_ADVICE = {
  invalid: 'That is not an e-mail address. Look for a slip of the keys.',
  taken: 'This address has an account already. Choose another one.',
} as const;
