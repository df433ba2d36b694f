import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { Failure } from '../../failure.js';
import type { Surface } from './surface.js';
import { word } from './wording.js';

const ALLOWED = ['GET', 'HEAD', 'OPTIONS'] as const;

/** Serves a surface's document where its clients look for it; a route that the document itself does not name. */
export function serveAlsoAt(app: INestApplication, surface: Surface, document: OpenAPIObject): void {
  const url = surface.document?.alsoAt;
  if (url === undefined) return;
  const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
  fastify.get(url, () => document);
  fastify.options(url, (_request, reply) => reply.status(204).header('allow', ALLOWED.join(', ')).send());
  const words = surface.unmatched?.words;
  if (words === undefined) return;
  fastify.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE'],
    url,
    handler({ method }, reply) {
      const [status, body, headers = {}] = word(words, new Failure('method_not_allowed', { method, allowed: ALLOWED }));
      return reply.status(status).headers(headers).send(body);
    },
  });
}
