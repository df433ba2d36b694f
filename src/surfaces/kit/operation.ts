import { applyDecorators, HttpCode, SetMetadata, UseFilters, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOperation,
  ApiResponse,
  ApiSecurity,
  getSchemaPath,
  type ApiResponseOptions,
  type ApiResponseSchemaHost,
} from '@nestjs/swagger';
import { Failure, type FailureCode, type Problem } from '../../failure.js';
import { ForClients, Protected, Public, type Access } from '../../platform/http/access.js';
import { FailureFilter } from './failure.filter.js';
import { fieldNames, formatOf, readInput, type InputClass } from './input.js';
import { BodyLimit } from './raw-body.js';
import { SAMPLES } from './samples.js';
import { word, type Wording } from './wording.js';

export interface OperationOptions {
  /** Who may enter; also what the document says about it. */
  access: Access;
  /** Whether the document shows a lock all the same where nobody needs a token, as the source document does. */
  showsLock?: boolean;
  summary: string;
  description?: string;
  body?: InputClass;
  /** What is read of the query, for the example of what is refused. */
  query?: InputClass;
  /** A public operation that looks at an access token itself: it may come with one. */
  takesToken?: boolean;
  /** What stands in the path. */
  path?: InputClass;
  /** Input that breaks a rule, for the example of what is said of it; without it, nothing comes. */
  unfit?: Readonly<Record<string, unknown>>;
  /** The body of the source document, where it is not what the fields' examples make. */
  bodyExample?: object;
  /** Bytes, where texts alone are not all that is taken. */
  bodyLimit?: number;
  /** Without `type`, no body; with `isList`, a list of that type. */
  answer: {
    status: number;
    type?: Type;
    isList?: boolean;
    description: string;
    example?: object;
    headers?: Readonly<Record<string, string>>;
  };
  /** What this operation may refuse with, besides what every operation may. */
  failures?: readonly FailureCode[];
  /** Failures that the handler makes itself, each under the name of its example. */
  complaints?: Readonly<Record<string, Failure>>;
  /** Words of this route that differ from its surface's. */
  words?: Wording;
}

/** The name of the access token among the security schemes of each document. */
export const ACCESS_TOKEN_SCHEME = 'access-token';

/** The name of a service client's credentials among them. */
export const CLIENT_SCHEME = 'client';

const OPERATION = 'ostiary:operation';

const OF_PROTECTED: readonly FailureCode[] = [
  'not_authenticated',
  'malformed_authorization_header',
  'access_token_invalid',
  'access_token_expired',
  'access_token_of_wrong_type',
  'account_gone',
  'account_not_active',
];

const OF_CLIENTS: readonly FailureCode[] = ['not_authenticated', 'wrong_credentials', 'forbidden'];

/** One way in which an operation says no; `code` names the example. */
interface Refusal {
  status: number;
  code: string;
  summary: string;
  body: unknown;
  /** The names of the headers that come with it. */
  headers?: readonly string[];
}

/** What is answered before a surface is asked, in the words of the last filter. */
const TOO_LARGE: Refusal = {
  status: 413,
  code: 'body_too_large',
  summary: 'The body is beyond the limit',
  body: { detail: 'The request body is too large.' },
};

const UNFORESEEN: readonly Refusal[] = [
  {
    status: 500,
    code: 'unforeseen',
    summary: 'Nobody foresaw this; the log knows more under this id',
    body: { detail: 'A server error occurred. Request id: 8f0c1b1e-2c3d-4a5b-9c6d-7e8f90a1b2c3' },
  },
  {
    status: 503,
    code: 'unavailable',
    summary: 'The database cannot be reached at the moment',
    body: { detail: 'Service temporarily unavailable, try again later.' },
    headers: ['retry-after'],
  },
];

const ENTRANCES: Readonly<Record<Access, () => MethodDecorator>> = {
  public: Public,
  protected: Protected,
  client: ForClients,
};

/** One declaration for who may enter, what comes back and what the document says: they cannot disagree. */
export function Operation(options: OperationOptions): MethodDecorator {
  const {
    access,
    takesToken = false,
    showsLock = false,
    summary,
    description,
    body,
    bodyExample,
    bodyLimit,
    answer,
    words,
  } = options;
  const isLocked = access !== 'public' || takesToken || showsLock;
  return applyDecorators(
    ENTRANCES[access](),
    ...(isLocked ? [ApiSecurity(access === 'client' ? CLIENT_SCHEME : ACCESS_TOKEN_SCHEME)] : []),
    // One that may also be left out is a lock that stands open.
    ...(isLocked && access === 'public' ? [ApiSecurity({})] : []),
    HttpCode(answer.status),
    ApiOperation({
      summary,
      ...(description === undefined ? {} : { description }),
      ...(isLocked ? {} : { security: [] }),
    }),
    ...(body === undefined
      ? []
      : [ApiConsumes(...formatOf(body).mediaTypes), ApiBody(bodyDocument(body, bodyExample))]),
    ...(bodyLimit === undefined ? [] : [BodyLimit(bodyLimit)]),
    ...answerDocument(answer),
    SetMetadata(OPERATION, options),
    ...(words === undefined ? [] : [UseFilters(new FailureFilter(words))]),
  );
}

function answerDocument(answer: OperationOptions['answer']): MethodDecorator[] {
  const { status, type, isList, description, example, headers } = answer;
  const response = { status, description, ...(headers === undefined ? {} : { headers: headerDocuments(headers) }) };
  if (type === undefined) return [ApiResponse(response)];
  const one = { $ref: getSchemaPath(type) };
  const schema = isList ? { type: 'array', items: one } : one;
  const content = { 'application/json': { schema, ...(example === undefined ? {} : { example }) } };
  return [ApiExtraModels(type) as MethodDecorator, ApiResponse({ ...response, content })];
}

/** How the operations of a surface say no. */
export interface RefusalOptions {
  words: Wording;
  /** Refuse what accepts nothing that can be answered (406), before anything else. */
  negotiates?: boolean;
  /** The schema of a status, where the examples do not tell all that may be in a body. */
  errorSchemas?: Readonly<Record<number, ErrorSchema>>;
}

export type ErrorSchema = Exclude<NonNullable<ApiResponseSchemaHost['schema']>, { $ref: string }>;

/** Writes the refusals of a handler into its document, in the very words that are sent. */
export function documentFailures(
  prototype: object,
  handlerName: string,
  { words: surfaceWords, negotiates = false, errorSchemas = {} }: RefusalOptions,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, handlerName);
  const options = Reflect.getMetadata(OPERATION, descriptor?.value as object) as OperationOptions | undefined;
  if (descriptor === undefined || options === undefined) return;
  const refuse = (name: string, failure: Failure): Refusal => {
    const [status, body, headers = {}] = word(options.words ?? surfaceWords, failure);
    return { status, code: name, summary: SAMPLES[failure.code].description, body, headers: Object.keys(headers) };
  };
  const refusals = [
    ...[...failuresOf(options, negotiates)].map((code) => refuse(code, sampleOf(code, options))),
    ...Object.entries(options.complaints ?? {}).map(([name, failure]) => refuse(name, failure)),
  ];
  if (options.body !== undefined) refusals.push(TOO_LARGE);
  refusals.push(...UNFORESEEN);
  for (const status of new Set(refusals.map((refusal) => refusal.status))) {
    const answers = refusals.filter((refusal) => refusal.status === status);
    const document = ApiResponse({
      status,
      description: [...new Set(answers.map(({ summary }) => summary))].join('; '),
      ...headersOf(answers),
      content: {
        'application/json': {
          schema: errorSchemas[status] ?? schemaOfAll(answers.map(({ body }) => body)),
          examples: Object.fromEntries(answers.map(({ code, summary, body }) => [code, { summary, value: body }])),
        },
      },
    });
    document(prototype, handlerName, descriptor);
  }
}

function failuresOf(
  { access, takesToken, body, failures = [] }: OperationOptions,
  negotiates: boolean,
): Set<FailureCode> {
  return new Set<FailureCode>([
    ...(body === undefined ? [] : formatOf(body).failures),
    ...(access === 'protected' || takesToken ? OF_PROTECTED : []),
    ...(access === 'client' ? OF_CLIENTS : []),
    ...failures,
    ...(negotiates ? (['not_acceptable'] as const) : []),
  ]);
}

/** What the headers of refusals are for; one that is not in every answer of its status is not required of any. */
const REFUSAL_HEADERS: Readonly<Record<string, string>> = {
  'www-authenticate': 'What credentials are asked for',
  'retry-after': 'Seconds after which to try again',
  allow: 'The methods that this path has',
};

function headersOf(refusals: readonly Refusal[]): Pick<ApiResponseOptions, 'headers'> {
  const names = new Set(refusals.flatMap(({ headers = [] }) => headers));
  if (names.size === 0) return {};
  return {
    headers: headerDocuments(Object.fromEntries([...names].map((name) => [name, REFUSAL_HEADERS[name] ?? name]))),
  };
}

function headerDocuments(headers: Readonly<Record<string, string>>): NonNullable<ApiResponseOptions['headers']> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

function sampleOf(code: FailureCode, { body, query, path, unfit = {} }: OperationOptions): Failure {
  const input = body ?? query ?? path;
  if (code !== 'invalid_input' || input === undefined) {
    const build = Failure as new (code: FailureCode, details: object) => Failure;
    return new build(code, SAMPLES[code].details);
  }
  const where = input === body ? 'body' : input === query ? 'query' : 'path';
  const nulls = Object.fromEntries(fieldNames(input).map((name) => [name, null]));
  const refusal = refusalOf(input, unfit, where) ?? refusalOf(input, nulls, where);
  if (refusal === undefined) throw new Error(`${input.name} has no example of what it refuses`);
  return refusal;
}

function refusalOf(
  input: InputClass,
  raw: Readonly<Record<string, unknown>>,
  where: Problem['in'],
): Failure | undefined {
  try {
    readInput(input, raw, where);
    return undefined;
  } catch (failure) {
    if (failure instanceof Failure) return failure as Failure;
    throw failure;
  }
}

function bodyDocument(type: InputClass, example: object | undefined): Parameters<typeof ApiBody>[0] {
  if (example === undefined) return { type };
  return { type, examples: { document: { summary: 'An example', value: example } } };
}

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  oneOf?: Schema[];
}

/** One schema for all bodies of a status: those with fixed keys are one shape, those with messages by field another. */
function schemaOfAll(bodies: readonly unknown[]): Schema {
  const schemas = bodies.map(schemaOf);
  const fixed = schemas.filter(({ properties }) => properties !== undefined);
  const others = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()].filter(
    ({ properties }) => properties === undefined,
  );
  const distinct = fixed.length > 0 ? [...others, merge(fixed)] : others;
  return distinct.length === 1 && distinct[0] !== undefined ? distinct[0] : { oneOf: distinct };
}

function merge(schemas: readonly Schema[]): Schema {
  const isEverywhere = (name: string): boolean => schemas.every(({ required = [] }) => required.includes(name));
  const properties = Object.assign({}, ...schemas.map((schema) => schema.properties)) as Record<string, Schema>;
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter(isEverywhere),
    additionalProperties: false,
  };
}

/** The shape of an error body; one that lists messages by field may have any field. */
function schemaOf(value: unknown): Schema {
  if (Array.isArray(value)) return { type: 'array', items: schemaOf(value[0]) };
  if (typeof value !== 'object' || value === null) return { type: typeof value };
  const entries = Object.entries(value);
  if (entries.every(([, item]) => Array.isArray(item) && item.every((text) => typeof text === 'string'))) {
    return { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } };
  }
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, item]) => [name, schemaOf(item)])),
    required: entries.map(([name]) => name),
  };
}
