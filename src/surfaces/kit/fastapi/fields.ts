import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { Field } from '../input.js';

export const MISSING = 'Field required';

interface FieldOptions {
  description?: string;
  required?: boolean;
}

/** Lengths count code points. */
export interface TextOptions extends FieldOptions {
  example: string;
  max?: number;
  /** As Python writes it. */
  pattern?: string;
  /** What the document says besides. */
  document?: ApiPropertyOptions;
}

/** A rule of pydantic: the type of its error, its message, and what goes into its `ctx`. */
interface Rule {
  type: string;
  message: string;
  facts?: Readonly<Record<string, unknown>>;
  test: (value: unknown) => boolean;
}

/** A `str` of a JSON model; the first broken rule speaks. */
export function Text(options: TextOptions): PropertyDecorator {
  return text(options, (raw) => raw);
}

/** A `str` of a form, where an empty text is no text. */
export function FormText(options: TextOptions): PropertyDecorator {
  return text(options, (raw) => (raw === '' ? undefined : raw));
}

/** An `int` of a JSON model: a text of digits is one, too. */
export function Integer({ example, ...options }: FieldOptions & { example: number }): PropertyDecorator {
  return applyDecorators(
    Field((raw) => (typeof raw === 'string' && INTEGER.test(raw) ? Number(raw) : raw)),
    ...rules(options, [
      {
        type: 'int_parsing',
        message: 'Input should be a valid integer, unable to parse string as an integer',
        test: (value) => typeof value !== 'string',
      },
      {
        type: 'int_from_float',
        message: 'Input should be a valid integer, got a number with a fractional part',
        test: (value) => typeof value !== 'number' || Number.isInteger(value),
      },
      {
        type: 'int_type',
        message: 'Input should be a valid integer',
        test: (value) => typeof value === 'number' || typeof value === 'boolean',
      },
    ]),
    property({ ...options, example }, { type: 'integer' }),
  );
}

const INTEGER = /^\s*[-+]?\d+(?:\.0+)?\s*$/;

function text(
  { example, max, pattern, document, ...options }: TextOptions,
  read: (raw: unknown) => unknown,
): PropertyDecorator {
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  return applyDecorators(
    Field(read),
    ...rules(options, [
      {
        type: 'string_type',
        message: 'Input should be a valid string',
        test: (value) => typeof value === 'string',
      },
      {
        type: 'string_unicode',
        message: 'Input should be a valid string, unable to parse raw data as a unicode string',
        test: (value) => String(value).isWellFormed(),
      },
      {
        type: 'value_error',
        message: 'Value error, Null characters are not allowed.',
        test: (value) => !String(value).includes('\0'),
      },
      {
        type: 'string_too_long',
        message: `String should have at most ${max} characters`,
        facts: { max_length: max },
        test: (value) => max === undefined || [...String(value)].length <= max,
      },
      {
        type: 'string_pattern_mismatch',
        message: `String should match pattern '${pattern}'`,
        facts: { pattern },
        test: (value) => expression?.test(String(value)) ?? true,
      },
    ]),
    property(
      { ...options, example },
      {
        type: String,
        ...(max === undefined ? {} : { maxLength: max }),
        ...(pattern === undefined ? {} : { pattern }),
        ...(document as object),
      },
    ),
  );
}

/** Each rule is looked at only where the ones before it are kept; a field that need not come may be left out. */
function rules({ required = true }: FieldOptions, list: readonly Rule[]): PropertyDecorator[] {
  const present: Rule = {
    type: 'missing',
    message: MISSING,
    test: (value) => !required || value !== undefined,
  };
  return [present, ...list].map(({ type, message, facts, test }, place, all) => {
    const isMoot = (value: unknown): boolean =>
      place > 0 && (value === undefined || all.slice(0, place).some((before) => !before.test(value)));
    return ValidateBy(
      {
        name: type,
        validator: { validate: (value: unknown) => isMoot(value) || test(value), defaultMessage: () => message },
      },
      facts === undefined ? {} : { context: facts },
    );
  });
}

function property(
  { example, description, required = true }: FieldOptions & { example: unknown },
  document: ApiPropertyOptions,
): PropertyDecorator {
  return ApiProperty({
    ...document,
    required,
    example,
    ...(description === undefined ? {} : { description }),
  } as ApiPropertyOptions);
}
