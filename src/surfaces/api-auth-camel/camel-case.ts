import type { Wording } from '../kit/wording.js';

/** The same words, with every key of a body in camelCase. */
export function camelCased<Words extends Partial<Wording>>(words: Words): Words {
  const cased = Object.entries(words as Wording).map(([code, say]) => [code, inCamelCase(say as Say)]);
  return Object.fromEntries(cased) as Words;
}

type Say = (details: unknown) => readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];

function inCamelCase(say: Say): Say {
  return (details) => {
    const [status, body, ...headers] = say(details);
    return [status, camelKeys(body), ...headers];
  };
}

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [camel(key), camelKeys(item)]));
}

function camel(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
