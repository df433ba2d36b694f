import type { FailureCode, Problem } from '../../../failure.js';
import { UploadedFile } from '../forms.js';
import { formatOf, type InputClass } from '../input.js';
import type { ErrorSchema } from '../operation.js';
import type { Answer, Wording } from '../wording.js';
import { isForm } from './bodies.js';
import { MISSING } from './fields.js';

/** What FastAPI and Starlette say of themselves, whatever is built on them. */
export type FrameworkCode =
  | 'invalid_input'
  | 'body_not_an_object'
  | 'malformed_json'
  | 'malformed_multipart'
  | 'unsupported_media_type'
  | 'not_acceptable'
  | 'method_not_allowed'
  | 'not_found'
  | 'not_authenticated'
  | 'too_many_requests'
  | 'overloaded';

/** One of the errors that a 422 lists. */
export interface Entry {
  type: string;
  loc: readonly (string | number)[];
  msg: string;
  input: unknown;
  ctx?: Readonly<Record<string, unknown>>;
}

export const frameworkWording: Pick<Wording, Extract<FailureCode, FrameworkCode>> = {
  invalid_input: ({ problems, input, raw }) => {
    const isOfForm = input !== undefined && isForm(formatOf(input.constructor as InputClass));
    return unprocessable(problems.map((problem) => entryOf(problem, isOfForm ? null : raw)));
  },
  body_not_an_object: ({ got, value }) =>
    unprocessable([
      got === 'null'
        ? { type: 'missing', loc: ['body'], msg: MISSING, input: null }
        : {
            type: 'model_attributes_type',
            loc: ['body'],
            msg: 'Input should be a valid dictionary or object to extract fields from',
            input: shown(value),
          },
    ]),
  malformed_json: ({ message, position }) =>
    unprocessable([
      { type: 'json_invalid', loc: ['body', position], msg: 'JSON decode error', input: {}, ctx: { error: message } },
    ]),
  malformed_multipart: () => [400, { detail: 'There was an error parsing the body' }],
  unsupported_media_type: () => [415, { detail: 'Unsupported Media Type' }],
  not_acceptable: () => [406, { detail: 'Not Acceptable' }],
  // Starlette names the methods of the route and no others.
  method_not_allowed: ({ allowed }) => [
    405,
    { detail: 'Method Not Allowed' },
    { allow: allowed.filter((method) => !['HEAD', 'OPTIONS'].includes(method)).join(', ') },
  ],
  not_found: () => [404, { detail: 'Not Found' }],
  not_authenticated: () => [401, { detail: 'Not authenticated' }, { 'www-authenticate': 'Bearer' }],
  too_many_requests: ({ retryAfter }) => [429, { detail: 'Too Many Requests' }, { 'retry-after': String(retryAfter) }],
  overloaded: ({ retryAfter }) => [503, { detail: 'Service Unavailable' }, { 'retry-after': String(retryAfter) }],
};

/** FastAPI's `HTTPValidationError`, as its documents describe it. */
export const errorSchemas: Readonly<Record<number, ErrorSchema>> = {
  422: {
    type: 'object',
    required: ['detail'],
    properties: {
      detail: {
        type: 'array',
        items: {
          type: 'object',
          required: ['type', 'loc', 'msg', 'input'],
          properties: {
            type: { type: 'string' },
            loc: { type: 'array', items: { oneOf: [{ type: 'string' }, { type: 'integer' }] } },
            msg: { type: 'string' },
            input: {},
            ctx: { type: 'object' },
          },
        },
      },
    },
  },
};

export function unprocessable(entries: readonly Entry[]): Answer {
  return [422, { detail: entries }];
}

/** Of a field that is not there, the whole body is what came; a form has none to show. */
function entryOf({ in: place, field, rule, message, value, facts }: Problem, whole: unknown): Entry {
  return {
    type: rule,
    loc: [place, field],
    msg: message,
    input: shown(rule === 'missing' ? whole : isSecret(field) ? null : value),
    ...(facts === undefined ? {} : { ctx: facts }),
  };
}

/** Levels of what came that are told back. */
const DEPTH = 16;

/** What came, as it may be told back: nothing that is named like a password, wherever it was put. */
function shown(value: unknown, depth = 0): unknown {
  if (value === undefined || value instanceof UploadedFile || depth > DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => shown(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name) ? null : shown(item, depth + 1)]),
  );
}

function isSecret(name: string): boolean {
  return /pass|secret/i.test(name);
}
