import type { FastifyInstance } from 'fastify';
import { Failure } from '../../failure.js';
import type { Surface } from './surface.js';
import { word, type Answer } from './wording.js';

/** What the surface whose prefix fits best says of a path that nobody serves; `undefined` where none fits. */
export function answerForUnmatched(surfaces: readonly Surface[], path: string): Answer | undefined {
  const words = surfaceAt(surfaces, path)?.unmatched?.words;
  return words && word(words, new Failure('not_found'));
}

/** Answers below the prefix of a surface carry the headers that it puts on all of them. */
export function stampAnswers(fastify: FastifyInstance, surfaces: readonly Surface[]): void {
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    const stamp = surfaceAt(surfaces, request.url)?.stamp;
    if (stamp !== undefined) reply.headers(stamp(reply.elapsedTime));
    done();
  });
}

/** The surface whose prefix fits best. */
function surfaceAt(surfaces: readonly Surface[], path: string): Surface | undefined {
  const [nearest] = surfaces
    .filter(({ unmatched }) => unmatched !== undefined && path.startsWith(unmatched.prefix))
    .toSorted((one, other) => (other.unmatched?.prefix.length ?? 0) - (one.unmatched?.prefix.length ?? 0));
  return nearest;
}
