import { applyDecorators, HttpCode, SetMetadata, UseFilters, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOperation,
  ApiResponse,
  ApiSecurity,
  getSchemaPath,
} from '@nestjs/swagger';
import { Failure, type FailureCode } from '../../failure.js';
import { ForClients, Protected, Public, type Access } from '../../platform/http/access.js';
import { FailureFilter } from './failure.filter.js';
import { readInput, type InputClass } from './input.js';
import { SAMPLES } from './samples.js';
import { word, type Wording } from './wording.js';

export interface OperationOptions {
  /** Who may enter; also what the document says about it. */
  access: Access;
  summary: string;
  description?: string;
  body?: InputClass;
  /** The body of the source document, where it is not what the fields' examples make. */
  bodyExample?: object;
  answer: { status: number; type: Type; description: string; example?: object };
  /** What this operation may refuse with, besides what every operation may. */
  failures?: readonly FailureCode[];
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

const OF_BODIES: readonly FailureCode[] = ['malformed_json', 'body_not_an_object', 'unsupported_media_type'];

/** One way in which an operation says no; `code` names the example. */
interface Refusal {
  status: number;
  code: string;
  summary: string;
  body: unknown;
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
  },
];

/** The media types that a body is read from. */
const CONSUMED = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];

const ENTRANCES: Readonly<Record<Access, () => MethodDecorator>> = {
  public: () => Public(),
  protected: () => applyDecorators(Protected(), ApiSecurity(ACCESS_TOKEN_SCHEME)),
  client: () => applyDecorators(ForClients(), ApiSecurity(CLIENT_SCHEME)),
};

/** One declaration for who may enter, what comes back and what the document says: they cannot disagree. */
export function Operation(options: OperationOptions): MethodDecorator {
  const { access, summary, description, body, bodyExample, answer, words } = options;
  return applyDecorators(
    ENTRANCES[access](),
    HttpCode(answer.status),
    ApiOperation({
      summary,
      ...(description === undefined ? {} : { description }),
      ...(access === 'public' ? { security: [] } : {}),
    }),
    ...(body === undefined ? [] : [ApiConsumes(...CONSUMED), ApiBody(bodyDocument(body, bodyExample))]),
    ApiExtraModels(answer.type),
    ApiResponse({
      status: answer.status,
      description: answer.description,
      content: {
        'application/json': {
          schema: { $ref: getSchemaPath(answer.type) },
          ...(answer.example === undefined ? {} : { example: answer.example }),
        },
      },
    }),
    SetMetadata(OPERATION, options),
    ...(words === undefined ? [] : [UseFilters(new FailureFilter(words))]),
  );
}

/** Writes the refusals of a handler into its document, in the very words that are sent. */
export function documentFailures(
  prototype: object,
  handlerName: string,
  { words: surfaceWords, negotiates = false }: { words: Wording; negotiates?: boolean },
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, handlerName);
  const options = Reflect.getMetadata(OPERATION, descriptor?.value as object) as OperationOptions | undefined;
  if (descriptor === undefined || options === undefined) return;
  const refusals: Refusal[] = failuresOf(options, negotiates).map((code) => {
    const [status, body] = word(options.words ?? surfaceWords, sampleOf(code, options));
    return { status, code: code, summary: SAMPLES[code].description, body };
  });
  if (options.body !== undefined) refusals.push(TOO_LARGE);
  refusals.push(...UNFORESEEN);
  for (const status of new Set(refusals.map((refusal) => refusal.status))) {
    const answers = refusals.filter((refusal) => refusal.status === status);
    const document = ApiResponse({
      status,
      description: [...new Set(answers.map(({ summary }) => summary))].join('; '),
      content: {
        'application/json': {
          schema: schemaOfAll(answers.map(({ body }) => body)),
          examples: Object.fromEntries(answers.map(({ code, summary, body }) => [code, { summary, value: body }])),
        },
      },
    });
    document(prototype, handlerName, descriptor);
  }
}

function failuresOf({ access, body, failures = [] }: OperationOptions, negotiates: boolean): FailureCode[] {
  return [
    ...new Set<FailureCode>([
      ...(body === undefined ? [] : OF_BODIES),
      ...(access === 'protected' ? OF_PROTECTED : []),
      ...(access === 'client' ? OF_CLIENTS : []),
      ...failures,
      ...(negotiates ? (['not_acceptable'] as const) : []),
    ]),
  ];
}

function sampleOf(code: FailureCode, { body }: OperationOptions): Failure {
  if (code !== 'invalid_input' || body === undefined) {
    const build = Failure as new (code: FailureCode, details: object) => Failure;
    return new build(code, SAMPLES[code].details);
  }
  try {
    readInput(body, {}, 'body');
  } catch (failure) {
    if (failure instanceof Failure) return failure as Failure;
    throw failure;
  }
  throw new Error(`${body.name} requires nothing, so there is no example of what it refuses`);
}

function bodyDocument(type: InputClass, example: object | undefined): Parameters<typeof ApiBody>[0] {
  if (example === undefined) return { type };
  return { type, examples: { document: { summary: 'As in the document', value: example } } };
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
