import { PayloadTooLargeException } from '@nestjs/common';
import { validateSync } from 'class-validator';
import { Failure, type FailureCode, type FailureDetails, type Problem } from '../../failure.js';
import { readForm, readMultipart } from './forms.js';
import { readJson } from './json.js';
import { ArrivingBody, RawBody } from './raw-body.js';
import { SpelledNumber } from './spelled-number.js';

export type InputClass<T extends object = object> = new () => T;

type Reader = (raw: unknown) => unknown;

interface DeclaredField {
  read: Reader;
  aliases: readonly string[];
}

const FIELDS = Symbol('fields');
const FORMAT = Symbol('format');
const UNKNOWN = Symbol('unknown fields');

/** How the bodies of a route are read. */
export interface BodyFormat {
  /** The media types that its document names. */
  readonly mediaTypes: readonly string[];
  /** What `read` may throw. */
  readonly failures: readonly FailureCode[];
  /** The fields of a body. */
  read(body: unknown): Promise<Record<string, unknown>>;
}

/** Bodies of this input class are read so, and not as `ANY_FORMAT`. */
export function Reads(format: BodyFormat): ClassDecorator {
  return ({ prototype }) => void Object.defineProperty(prototype, FORMAT, { value: format });
}

export function formatOf(type: InputClass): BodyFormat {
  return (type.prototype as { [FORMAT]?: BodyFormat })[FORMAT] ?? ANY_FORMAT;
}

/** Fields that this input class does not declare break a rule of this name, and are not just passed over. */
export function RefusesUnknown(rule: string, message: string): ClassDecorator {
  return ({ prototype }) => void Object.defineProperty(prototype, UNKNOWN, { value: { rule, message } });
}

/**
 * Declares a field of an input class; `read` makes its value of the raw one, before any rule looks at it. Only declared
 * fields are ever read, so nothing else in a body can reach the code. `aliases` are other names that it is sent under;
 * whatever is wrong with it is told under its own.
 */
export function Field(read: Reader, aliases: readonly string[] = []): PropertyDecorator {
  return (target, name) => {
    const own = Object.getOwnPropertyDescriptor(target, FIELDS)?.value as Map<string, DeclaredField> | undefined;
    const fields = own ?? new Map(fieldsOf(target));
    fields.set(String(name), { read, aliases });
    Object.defineProperty(target, FIELDS, { value: fields, configurable: true });
  };
}

/** The declared fields of an input class, in order. */
export function fieldNames(type: InputClass): string[] {
  return [...fieldsOf(type.prototype as object).keys()];
}

/**
 * An instance of `type` that keeps all its rules; of a field that is sent under several of its names the last one counts,
 * as of a name that is repeated. Throws `invalid_input` with every broken rule, in the fields' order.
 */
export function readInput<T extends object>(
  type: InputClass<T>,
  raw: Readonly<Record<string, unknown>>,
  where: Problem['in'],
): T {
  const input = new type();
  const fields = fieldsOf(input);
  const names = new Map([...fields].flatMap(([name, { aliases }]) => [name, ...aliases].map((sent) => [sent, name])));
  for (const [sent, value] of Object.entries(raw)) {
    const name = names.get(sent);
    if (name !== undefined) Object.assign(input, { [name]: fields.get(name)?.read(value) });
  }
  const errors = validateSync(input, { forbidUnknownValues: false });
  const order = [...fields.keys()];
  const problems = errors
    .toSorted((one, other) => order.indexOf(one.property) - order.indexOf(other.property))
    .flatMap(({ property: field, constraints = {}, contexts = {} }) =>
      Object.entries(constraints).map(([rule, message]): Problem => {
        const facts = contexts[rule] as Problem['facts'];
        return { in: where, field, rule, message, value: raw[field], ...(facts === undefined ? {} : { facts }) };
      }),
    );
  const unknown = (input as { [UNKNOWN]?: Pick<Problem, 'rule' | 'message'> })[UNKNOWN];
  if (unknown !== undefined) {
    for (const field of Object.keys(raw).filter((name) => !fields.has(name))) {
      problems.push({ in: where, field, ...unknown, value: raw[field] });
    }
  }
  if (problems.length === 0) return input;
  throw new Failure('invalid_input', { problems, input, raw });
}

/** The fields of a body, in the format of the class that they are for; throws what that format may. */
export async function readBody(type: InputClass, body: unknown): Promise<Record<string, unknown>> {
  return formatOf(type).read(body instanceof ArrivingBody ? await body.arrive() : body);
}

/** JSON, a form or a multipart form, as the request says; no body is an empty one. */
export const ANY_FORMAT: BodyFormat = {
  mediaTypes: ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
  failures: ['malformed_json', 'malformed_multipart', 'body_not_an_object', 'unsupported_media_type'],
  read: readAnyBody,
};

async function readAnyBody(body: unknown): Promise<Record<string, unknown>> {
  if (!(body instanceof RawBody) || body.bytes.length === 0) return {};
  switch (body.mediaType) {
    case 'application/json':
      assertFewValues(body.bytes);
      return asObject(readJson(body.bytes, { spelled: body.bytes.length <= LARGE }));
    case 'application/x-www-form-urlencoded':
      if (body.bytes.length > LARGE) throw new PayloadTooLargeException();
      return readForm(body.bytes);
    case 'multipart/form-data':
      return readMultipart(body.bytes, body.contentType);
    default:
      throw new Failure('unsupported_media_type', { mediaType: body.contentType.slice(0, 200) });
  }
}

/** Bytes; only routes that take files read more. */
const LARGE = 256 * 1024;

const LARGE_BODY_MAX_VALUES = 10_000;
/** Of a long text: base64 with each `/` escaped, as some encoders do. */
const LARGE_BODY_MAX_ESCAPES = 250_000;

/**
 * A large body may hold a large value, but not many values: reading millions of them would keep everybody else waiting.
 */
function assertFewValues(bytes: Buffer): void {
  if (bytes.length <= LARGE) return;
  const values = ['{', '[', ','].map((mark) => count(bytes, mark, LARGE_BODY_MAX_VALUES));
  const isTooMuch =
    values.reduce((sum, value) => sum + value) > LARGE_BODY_MAX_VALUES ||
    count(bytes, '\\', LARGE_BODY_MAX_ESCAPES) > LARGE_BODY_MAX_ESCAPES;
  if (isTooMuch) throw new PayloadTooLargeException();
}

/** How often a character is there; not counted beyond `enough`. */
function count(bytes: Buffer, character: string, enough: number): number {
  const code = character.charCodeAt(0);
  let found = 0;
  for (let at = bytes.indexOf(code); at >= 0 && found <= enough; at = bytes.indexOf(code, at + 1)) found += 1;
  return found;
}

/** Throws `body_not_an_object`. */
export function asObject(value: unknown): Record<string, unknown> {
  const isPart = value === null || Array.isArray(value) || value instanceof SpelledNumber;
  if (typeof value === 'object' && !isPart) return value as Record<string, unknown>;
  throw new Failure('body_not_an_object', { got: pythonTypeOf(value), value });
}

function pythonTypeOf(value: unknown): FailureDetails['body_not_an_object']['got'] {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  if (value instanceof SpelledNumber) return value.isInteger ? 'int' : 'float';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'str';
}

function fieldsOf(target: object): ReadonlyMap<string, DeclaredField> {
  return (target as { [FIELDS]?: Map<string, DeclaredField> })[FIELDS] ?? new Map();
}
