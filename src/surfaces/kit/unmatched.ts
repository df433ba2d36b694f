import { Failure } from '../../failure.js';
import type { Surface } from './surface.js';
import { word, type Answer } from './wording.js';

/** What the surface whose prefix fits best says of a path that nobody serves; `undefined` where none fits. */
export function answerForUnmatched(surfaces: readonly Surface[], path: string): Answer | undefined {
  const [nearest] = surfaces
    .flatMap(({ unmatched }) => unmatched ?? [])
    .filter(({ prefix }) => path.startsWith(prefix))
    .toSorted((one, other) => other.prefix.length - one.prefix.length);
  return nearest && word(nearest.words, new Failure('not_found'));
}
