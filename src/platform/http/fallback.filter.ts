import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable } from '../database/errors.js';

type UnmatchedAnswer = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];

/** Seconds after which a request that met an unreachable database may be tried again. */
const RETRY_AFTER = 5;

/**
 * What fails before a surface is chosen, and what nobody foresaw. `{"detail": …}` is the form in which Django REST
 * framework and FastAPI themselves answer these, so it fits every surface.
 */
@Catch()
export class FallbackFilter implements ExceptionFilter {
  /** `unmatched` may have better words for a path that nobody serves. */
  constructor(private readonly unmatched: (path: string) => UnmatchedAnswer | undefined = () => undefined) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const status = statusOf(error);
    if (!request.raw.complete && (status === undefined || status >= 500)) {
      this.hangUp(request, reply);
      return;
    }
    if (isDatabaseUnavailable(error)) {
      request.log.warn({ err: error }, 'the database cannot be reached');
      this.send(reply, 503);
      return;
    }
    if (status === undefined) {
      request.log.error({ err: error }, 'unexpected error');
      this.send(reply, 500, `A server error occurred. Request id: ${request.id}`);
    } else if (status === 404) {
      const [code, body, headers = {}] = this.unmatched(request.url) ?? [404, { detail: WORDS[404] }];
      void reply.status(code).headers(headers).send(body);
    } else {
      this.send(reply, status, WORDS[status] ?? (error as Error).message);
    }
  }

  /** Of a body that never came whole, whatever is left must not be taken for the next request. */
  private hangUp(request: FastifyRequest, reply: FastifyReply): void {
    request.log.debug('the body did not arrive');
    reply.raw.once('finish', () => request.raw.socket.destroySoon());
    void reply.header('connection', 'close');
    this.send(reply, 408);
  }

  private send(reply: FastifyReply, status: number, detail = WORDS[status]): void {
    if (status === 503) void reply.header('retry-after', RETRY_AFTER);
    void reply.status(status).type('application/json; charset=utf-8').send({ detail });
  }
}

const WORDS: Readonly<Record<number, string>> = {
  404: 'Not found.',
  408: 'The request took too long to arrive.',
  413: 'The request body is too large.',
  414: 'The address is too long.',
  503: 'Service temporarily unavailable, try again later.',
};

/** The status of what Nest or Fastify raised on purpose; `undefined` for everything else. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  const isFrameworks = typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number';
  return isFrameworks && statusCode !== 500 ? statusCode : undefined;
}
