import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { readBody, readInput, fieldNames, type InputClass } from './input.js';

const PLACES = { body: 'body', query: 'query', param: 'path' } as const;

/**
 * Makes what a handler declares of what came in, or throws `invalid_input` and its kin. Types without declared fields
 * pass as they are.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    if (type === 'custom' || metatype === undefined) return value;
    const input = metatype as InputClass;
    // A guard that needed the body has read it already.
    if (value instanceof input || fieldNames(input).length === 0) return value;
    const raw = type === 'body' ? await readBody(input, value) : lastValues(value as object);
    return readInput(input, raw, PLACES[type]);
  }
}

/** Of what is repeated in a query, the last counts. */
function lastValues(query: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]: [string, unknown]) => [
      name,
      Array.isArray(value) ? value.at(-1) : value,
    ]),
  );
}
