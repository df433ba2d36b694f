import type { Failure, FailureCode, FailureDetails } from '../../failure.js';

/** What goes over the wire for a failure: status, body, headers. */
export type Answer = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];

/**
 * How one surface says every failure. Total on purpose: a new failure does not compile until each surface has words for
 * it.
 */
export type Wording = { readonly [Code in FailureCode]: (details: FailureDetails[Code]) => Answer };

export function word<Code extends FailureCode>(wording: Wording, failure: Failure<Code>): Answer {
  return wording[failure.code](failure.details);
}
