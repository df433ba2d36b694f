import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LogController, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Environment } from '../config/environment.js';

/** Bytes. Ample for every text that a surface takes; a route that takes a picture sets its own. */
const BODY_LIMIT = 256 * 1024;

/** Milliseconds for a request to arrive, and for its answer to be made. */
const TIMEOUTS = { request: 30_000, handler: 15_000 } as const;

/** A caller's own request id is kept when it is one that can do no harm in a log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Fastify as every surface needs it: exact letters in paths, both slash forms, ids, limits, timeouts. */
export function createAdapter(environment: Environment, logger: Logger): FastifyAdapter {
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    bodyLimit: BODY_LIMIT,
    requestTimeout: TIMEOUTS.request,
    handlerTimeout: TIMEOUTS.handler,
    forceCloseConnections: 'idle',
    // Whoever is connected when a stop begins is answered, and told to connect elsewhere next time.
    return503OnClosing: false,
    trustProxy: environment.trustedProxies,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: 16_384 },
    clientErrorHandler: answerMalformedRequest,
    // What the router refuses before any hook runs: a malformed or over-long address.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      void reply
        .status(status)
        .headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        .send({ detail: `${STATUS_CODES[status]}.` });
    },
    skipMiddie: true,
  });
}

function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** What Node refuses before there is a request: the answer has to be written by hand. */
function answerMalformedRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({ detail: `${STATUS_CODES[status]}.` });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
