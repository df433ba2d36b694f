import { PayloadTooLargeException } from '@nestjs/common';
import { validateSync } from 'class-validator';
import { Failure, type FailureDetails, type Problem } from '../../failure.js';
import { readForm, readMultipart } from './forms.js';
import { readJson } from './json.js';
import { ArrivingBody, RawBody } from './raw-body.js';

export type InputClass<T extends object = object> = new () => T;

type Reader = (raw: unknown) => unknown;

interface DeclaredField {
  read: Reader;
  aliases: readonly string[];
}

const FIELDS = Symbol('fields');

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
  if (errors.length === 0) return input;
  const order = [...fields.keys()];
  const problems = errors
    .toSorted((one, other) => order.indexOf(one.property) - order.indexOf(other.property))
    .flatMap(({ property, constraints = {} }) =>
      Object.entries(constraints).map(([rule, message]): Problem => ({ in: where, field: property, rule, message })),
    );
  throw new Failure('invalid_input', { problems, input });
}

/**
 * The fields of a JSON, form or multipart body; no body is an empty one. Throws `malformed_json`,
 * `malformed_multipart`, `unsupported_media_type`, `body_not_an_object`.
 */
export async function readBody(body: unknown): Promise<Record<string, unknown>> {
  if (body instanceof ArrivingBody) return readBody(await body.arrive());
  if (!(body instanceof RawBody) || body.bytes.length === 0) return {};
  const mediaType = body.contentType.split(';')[0]?.trim().toLowerCase();
  switch (mediaType) {
    case 'application/json':
      assertFewValues(body.bytes);
      return asObject(readJson(body.bytes));
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

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Failure('body_not_an_object', { got: pythonTypeOf(value) });
}

function pythonTypeOf(value: unknown): FailureDetails['body_not_an_object']['got'] {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'str';
}

function fieldsOf(target: object): ReadonlyMap<string, DeclaredField> {
  return (target as { [FIELDS]?: Map<string, DeclaredField> })[FIELDS] ?? new Map();
}
