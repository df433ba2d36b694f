import { Failure } from '../../../failure.js';

/** A rule that only the handler can check, told like one of the fields; `non_field_errors` is for the whole body. */
export function complain(field: string, rule: string, message: string): Failure<'invalid_input'> {
  return new Failure('invalid_input', { problems: [{ in: 'body', field, rule, message }] });
}
