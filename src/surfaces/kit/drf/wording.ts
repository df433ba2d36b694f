import type { FailureCode, PasswordWeakness, Problem } from '../../../failure.js';
import type { Answer, Wording } from '../wording.js';
import { tooLong } from './fields.js';

/** What Django REST framework and SimpleJWT say of themselves, whatever is built on them. */
export type FrameworkCode = Exclude<
  FailureCode,
  | 'wrong_credentials'
  | 'login_before_activation'
  | 'account_unknown'
  | 'email_not_verified'
  | 'email_taken'
  | 'username_taken'
  | 'weak_password'
  | 'wrong_current_password'
  | 'one_time_token_invalid'
  | 'one_time_token_expired'
  | 'one_time_token_used'
  | 'code_incorrect'
  | PictureCode
>;

export type PictureCode = 'picture_not_a_url' | 'picture_invalid' | 'picture_too_large';

/** The words of `URLField` and `ImageField` for the field of a picture. */
export function pictureWording(field: string): Pick<Wording, PictureCode> {
  const say = (text: string): Answer => [400, { [field]: [text] }];
  return {
    picture_not_a_url: () => say('Enter a valid URL.'),
    picture_invalid: () =>
      say('Upload a valid image. The file you uploaded was either not an image or a corrupted image.'),
    picture_too_large: ({ maxBytes, maxPixels }) =>
      say(
        `Upload a smaller image. It may have at most ${Math.floor(maxBytes / 1_048_576)} MB and ` +
          `${Math.floor(maxPixels / 1_000_000)} megapixels.`,
      ),
  };
}

/** What SimpleJWT calls a token that it refuses; its older versions have one sentence for both. */
export interface TokenWords {
  invalid: string;
  expired: string;
}

const TOKEN_WORDS: TokenWords = { invalid: 'Token is invalid', expired: 'Token is expired' };

/** The words of the framework; a surface adds those of its own views. `scheme` is the one its 401s ask for. */
export function frameworkWording(
  scheme: 'Bearer' | 'JWT',
  { invalid, expired }: TokenWords = TOKEN_WORDS,
): Pick<Wording, FrameworkCode> {
  const unauthorized = (body: object): Answer => [401, body, { 'www-authenticate': `${scheme} realm="api"` }];
  const badAccessToken = (message: string): Answer =>
    unauthorized({
      detail: 'Given token not valid for any token type',
      code: 'token_not_valid',
      messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
    });
  const badRefreshToken = (detail: string): Answer => unauthorized({ detail, code: 'token_not_valid' });

  return {
    invalid_input: ({ problems }) => [400, byField(problems)],
    body_not_an_object: ({ got }) => [
      400,
      {
        non_field_errors: [
          got === 'null' ? 'No data provided' : `Invalid data. Expected a dictionary, but got ${got}.`,
        ],
      },
    ],
    malformed_json: ({ reason }) => [400, { detail: `JSON parse error - ${reason}` }],
    malformed_multipart: ({ reason }) => [400, { detail: `Multipart form parse error - ${reason}` }],
    unsupported_media_type: ({ mediaType }) => [415, { detail: `Unsupported media type "${mediaType}" in request.` }],
    not_acceptable: () => [406, { detail: 'Could not satisfy the request Accept header.' }],
    method_not_allowed: ({ method, allowed }) => [
      405,
      { detail: `Method "${method}" not allowed.` },
      { allow: allowed.join(', ') },
    ],
    not_found: () => [404, { detail: 'Not found.' }],
    account_not_found: () => [404, { detail: 'No User matches the given query.' }],
    forbidden: () => [403, { detail: 'You do not have permission to perform this action.' }],

    not_authenticated: () => unauthorized({ detail: 'Authentication credentials were not provided.' }),
    malformed_authorization_header: () =>
      unauthorized({
        detail: 'Authorization header must contain two space-delimited values',
        code: 'bad_authorization_header',
      }),
    access_token_invalid: () => badAccessToken(invalid),
    access_token_expired: () => badAccessToken(expired),
    access_token_of_wrong_type: () => badAccessToken('Token has wrong type'),
    account_gone: () => unauthorized({ detail: 'User not found', code: 'user_not_found' }),
    account_not_active: () => unauthorized({ detail: 'User is inactive', code: 'user_inactive' }),

    refresh_token_invalid: () => badRefreshToken(invalid),
    refresh_token_expired: () => badRefreshToken(expired),
    refresh_token_of_wrong_type: () => badRefreshToken('Token has wrong type'),
    session_ended: () => badRefreshToken('Token is blacklisted'),
    refresh_for_inactive_account: () => unauthorized({ detail: 'No active account found for the given token.' }),

    too_many_requests: ({ retryAfter }) => [
      429,
      { detail: `Request was throttled. Expected available in ${retryAfter} second${retryAfter === 1 ? '' : 's'}.` },
      { 'retry-after': String(retryAfter) },
    ],
    overloaded: ({ retryAfter }) => [
      503,
      { detail: 'Service temporarily unavailable, try again later.' },
      { 'retry-after': String(retryAfter) },
    ],
  };
}

/** `{ field: [message, …] }`, in the order of the fields. */
export function byField(problems: readonly Problem[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const { field, message } of problems) (fields[field] ??= []).push(message);
  return fields;
}

/** The messages of Django's password validators. */
export const PASSWORD_WORDS: Readonly<Record<PasswordWeakness, string>> = {
  too_similar_to_email: 'The password is too similar to the email.',
  too_similar_to_username: 'The password is too similar to the username.',
  too_short: 'This password is too short. It must contain at least 8 characters.',
  too_long: tooLong(128),
  too_common: 'This password is too common.',
};
