import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { Environment } from '../config/environment.js';

/**
 * JSON lines, on standard output unless told otherwise. Of an error only its type, its message, its code and its stack
 * are written: the ones of the database carry the values of the statement that failed.
 */
export function createLogger({ LOG_LEVEL }: Environment, destination: DestinationStream = pino.destination(1)): Logger {
  return pino(
    {
      level: LOG_LEVEL,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      // Addresses of requests hold tokens; whatever logs a request whole is left with its id.
      serializers: { err: describeError, req: ({ id }: { id?: unknown }) => ({ id }), res: () => undefined },
    },
    destination,
  );
}

/** What Nest tells of its own start, a line for each route and module. */
const CHATTER: ReadonlySet<string> = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Nest speaks through the same logger; its context becomes the field `context`. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.write(context !== undefined && CHATTER.has(context) ? 'debug' : 'info', message, context);
  }

  warn(message: unknown, context?: string): void {
    this.write('warn', message, context);
  }

  debug(message: unknown, context?: string): void {
    this.write('debug', message, context);
  }

  verbose(message: unknown, context?: string): void {
    this.write('trace', message, context);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest.at(-1));
  }

  /** Nest passes the stack before the context. */
  error(message: unknown, ...rest: unknown[]): void {
    const [stack] = rest;
    const detail = rest.length > 1 && typeof stack === 'string' ? { stack } : {};
    this.write('error', message, rest.at(-1), detail);
  }

  private write(
    level: 'info' | 'warn' | 'debug' | 'trace' | 'fatal' | 'error',
    message: unknown,
    context: unknown,
    detail: object = {},
  ): void {
    const fields = { ...(typeof context === 'string' ? { context } : {}), ...detail };
    if (message instanceof Error) this.logger[level]({ ...fields, err: message }, message.message);
    else this.logger[level](fields, typeof message === 'string' ? message : JSON.stringify(message));
  }
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}
