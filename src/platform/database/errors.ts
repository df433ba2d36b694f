import { QueryFailedError } from 'typeorm';

/** The name of the unique constraint or index that refused a statement, if one did (SQLSTATE 23505). */
export function brokenUniqueConstraint(error: unknown): string | undefined {
  const cause = driverError(error);
  return cause?.code === '23505' ? cause.constraint : undefined;
}

/** Connection-level SQLSTATEs, and the states of a server that is starting, stopping or full. */
const UNAVAILABLE_STATES = /^(?:08...|57P0[1-5]|53[0-4]..|25P03|25006)$/;

const NETWORK_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What node-postgres says in words alone when a connection or an answer does not come. */
const UNAVAILABLE_WORDS =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error|Connection ended|not queryable|Cannot use a pool after calling end/i;

/** Whether the database could not be reached or did not answer: nobody's mistake, and worth another try. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const cause: DriverError | undefined = driverError(error) ?? (error instanceof Error ? error : undefined);
  if (cause === undefined) return false;
  const code = cause.code ?? '';
  return (
    UNAVAILABLE_STATES.test(code) ||
    code === '57014' ||
    NETWORK_ERRORS.has(code) ||
    UNAVAILABLE_WORDS.test(cause.message) ||
    (error instanceof AggregateError && error.errors.some(isDatabaseUnavailable))
  );
}

interface DriverError extends Error {
  code?: string;
  constraint?: string;
}

function driverError(error: unknown): DriverError | undefined {
  if (error instanceof QueryFailedError) return error.driverError as DriverError;
  return error instanceof Error && 'code' in error ? (error as DriverError) : undefined;
}
