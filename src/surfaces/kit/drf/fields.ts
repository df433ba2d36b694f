import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { countCodePoints } from '../code-points.js';
import { UploadedFile } from '../forms.js';
import { Field } from '../input.js';
import { SpelledNumber } from '../spelled-number.js';

export const REQUIRED = 'This field is required.';
export const BLANK = 'This field may not be blank.';
export const NULL = 'This field may not be null.';
export const NOT_A_STRING = 'Not a valid string.';
export const NOT_AN_EMAIL = 'Enter a valid email address.';

const NULL_CHARACTERS = 'Null characters are not allowed.';

export const tooLong = (max: number): string => `Ensure this field has no more than ${max} characters.`;
export const tooShort = (min: number): string => `Ensure this field has at least ${min} characters.`;

/** The options of a `CharField`, under its defaults. Lengths count code points. */
export interface TextOptions {
  example: string;
  description?: string;
  /** Other names that it is sent under. */
  aliases?: readonly string[];
  required?: boolean;
  nullable?: boolean;
  blank?: boolean;
  /** Secrets are taken as they are. */
  trim?: boolean;
  max?: number;
  min?: number;
  /** What is said of a value that is no text. */
  invalid?: string;
  /** Values that are no texts and fine all the same. */
  besides?: (value: unknown) => boolean;
  /** A last rule on a text that is not blank. */
  rule?: { name: string; test: (text: string) => boolean; message: string | ((text: string) => string) };
  /** What the document says besides. */
  document?: ApiPropertyOptions;
}

/**
 * A `CharField` of Django REST framework: the first stage that is broken speaks (absent, null, not a text, blank), and
 * on a good text every broken rule does. Numbers count as texts.
 */
export function Text(options: TextOptions): PropertyDecorator {
  const {
    aliases = [],
    required = true,
    nullable = false,
    blank = false,
    trim = true,
    max,
    min,
    invalid = NOT_A_STRING,
    besides = () => false,
    rule,
  } = options;
  const isBlank = (text: string): boolean => (trim ? text.trim() : text) === '';
  const rules: PropertyDecorator[] = [];
  if (required) rules.push(check('required', REQUIRED, (value) => value !== undefined));
  if (!nullable) rules.push(check('null', NULL, (value) => value !== null));
  const isText = (value: unknown): boolean => typeof value === 'string' || besides(value);
  rules.push(check('text', invalid, (value) => value === undefined || value === null || isText(value)));
  if (!blank) rules.push(check('blank', BLANK, (value) => typeof value !== 'string' || !isBlank(value)));
  const onText = (
    name: string,
    message: string | ((text: string) => string),
    test: (text: string) => boolean,
  ): void => {
    rules.push(check(name, message, (value) => typeof value !== 'string' || isBlank(value) || test(value)));
  };
  if (max !== undefined) onText('max', tooLong(max), (text) => countCodePoints(text) <= max);
  if (min !== undefined) onText('min', tooShort(min), (text) => countCodePoints(text) >= min);
  onText('nullCharacters', NULL_CHARACTERS, (text) => !text.includes('\0'));
  onText('surrogates', surrogateWords, (text) => text.isWellFormed());
  if (rule !== undefined) onText(rule.name, rule.message, rule.test);
  return applyDecorators(
    Field((raw) => asText(raw, trim), aliases),
    ...rules,
    ApiProperty({
      type: String,
      required,
      ...(nullable ? { nullable } : {}),
      ...(max === undefined ? {} : { maxLength: max }),
      ...(min === undefined ? (blank ? {} : { minLength: 1 }) : { minLength: min }),
      example: options.example,
      ...describe(options),
      ...(options.document as object),
    }),
  );
}

/** A value that the handler looks at itself: whatever came, as it came. */
export function Loose(document: { example: string; description?: string; required?: boolean }): PropertyDecorator {
  return applyDecorators(
    Field((raw) => raw),
    ApiProperty({ type: String, required: false, ...document }),
  );
}

/** A `FileField`: an `UploadedFile` of a multipart form, and not an empty one. */
export function File(document: { description: string }): PropertyDecorator {
  return applyDecorators(
    Field((raw) => raw),
    check('required', 'No file was submitted.', (value) => value !== undefined),
    check('null', NULL, (value) => value !== null),
    check(
      'file',
      'The submitted data was not a file. Check the encoding type on the form.',
      (value) => value === undefined || value === null || value instanceof UploadedFile,
    ),
    check(
      'empty',
      'The submitted file is empty.',
      (value) => !(value instanceof UploadedFile) || value.bytes.length > 0,
    ),
    ApiProperty({ type: String, format: 'binary', example: '(the bytes of the file)', ...document }),
  );
}

/** What is said of a value that no text column can hold, whatever else is looked at in it; `undefined` of any other. */
export function unstorable(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.includes('\0')) return NULL_CHARACTERS;
  return value.isWellFormed() ? undefined : surrogateWords(value);
}

/** What Python would take for false, as hand-written checks of a field do. */
export function isFalsy(value: unknown): boolean {
  if (value instanceof SpelledNumber) return Number(value.text) === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return !value;
}

/** A value as a `CharField` reads it, `undefined` where it would not. */
export function textOf(value: unknown): string | undefined {
  const text = asText(value, false);
  return typeof text === 'string' ? text : undefined;
}

function describe({ description, aliases = [] }: TextOptions): { description?: string } {
  const names = aliases.map((alias) => `\`${alias}\``).join(', ');
  const sentences = [description, names === '' ? undefined : `Also read as ${names}.`].filter((it) => it !== undefined);
  return sentences.length === 0 ? {} : { description: sentences.join(' ') };
}

function asText(raw: unknown, trim: boolean): unknown {
  const text = typeof raw === 'number' ? String(raw) : raw instanceof SpelledNumber ? raw.text : raw;
  return typeof text === 'string' && trim ? text.trim() : text;
}

function surrogateWords(text: string): string {
  const [alone] = /\p{Cs}/u.exec(text) ?? ['\0'];
  const code = alone.charCodeAt(0);
  return `Surrogate characters are not allowed: U+${code.toString(16).toUpperCase()}.`;
}

function check(
  name: string,
  message: string | ((text: string) => string),
  test: (value: unknown) => boolean,
): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: test,
      defaultMessage: (details) => (typeof message === 'string' ? message : message(String(details?.value))),
    },
  });
}
