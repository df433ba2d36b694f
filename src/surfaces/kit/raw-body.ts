import type { FastifyInstance } from 'fastify';

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

/** Every body, whatever its type, becomes a `RawBody`; the limit on its size still holds. */
export function acceptRawBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    done(null, new RawBody(body as Buffer, request.headers['content-type'] ?? ''));
  });
}
