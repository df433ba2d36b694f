import { Readable } from 'node:stream';
import { BadRequestException, PayloadTooLargeException } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** A body as it came: read only after the guards, so that an unauthenticated request is refused before it is understood. */
export class RawBody {
  constructor(
    readonly bytes: Buffer,
    readonly contentType: string,
  ) {}

  /** The type without its parameters; an empty text where the request names none. */
  get mediaType(): string {
    return this.contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  }
}

/** A body that is still on its way: of a route with a limit of its own, not a byte is kept before somebody asks for it. */
export class ArrivingBody {
  constructor(
    private readonly stream: Readable,
    private readonly limit: number,
    private readonly contentType: string,
  ) {}

  /** Once only. What is beyond the limit is let go by, so that whoever sends it gets to read the refusal. */
  async arrive(): Promise<RawBody> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of this.stream.iterator({ destroyOnReturn: false })) {
        length += (chunk as Buffer).length;
        if (length <= this.limit) chunks.push(chunk as Buffer);
        else chunks.length = 0;
      }
    } catch (cause) {
      throw new BadRequestException('The request was cut off.', { cause });
    }
    if (length > this.limit) throw new PayloadTooLargeException();
    return new RawBody(Buffer.concat(chunks, length), this.contentType);
  }
}

/**
 * A route that takes more than texts. Its larger body is read after the guards only, so that nobody fills the memory
 * without an account, and may take as long as a request may take to arrive.
 */
export function BodyLimit(bytes: number): MethodDecorator {
  return RouteConfig({ bodyLimit: bytes });
}

/** Milliseconds for a larger body to arrive and be answered. */
const ARRIVAL_TIMEOUT = 45_000;

/** Every body, whatever its type, becomes a `RawBody`, or an `ArrivingBody` where the route has a limit of its own. */
export function acceptRawBodies(fastify: FastifyInstance): void {
  const arriving = new WeakMap<FastifyRequest, Readable>();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const contentType = request.headers['content-type'] ?? '';
    const stream = arriving.get(request);
    const limit = limitOf(request.routeOptions.config);
    if (stream === undefined || limit === undefined) done(null, new RawBody(body as Buffer, contentType));
    else done(null, new ArrivingBody(stream, limit, contentType));
  });
  fastify.addHook('onRoute', (route) => {
    if (limitOf(route.config) === undefined) return;
    // Fastify is shown an empty body, and would hold this limit against the length that the header tells.
    route.bodyLimit = Number.MAX_SAFE_INTEGER;
    route.handlerTimeout = ARRIVAL_TIMEOUT;
  });
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    if (limitOf(request.routeOptions.config) === undefined) return done(null, payload);
    arriving.set(request, payload);
    const nothing = Object.assign(Readable.from([]), {
      receivedEncodedLength: Number(request.headers['content-length'] ?? 0),
    });
    done(null, nothing);
  });
}

function limitOf(config: object | undefined): number | undefined {
  return (config as { bodyLimit?: number } | undefined)?.bodyLimit;
}
