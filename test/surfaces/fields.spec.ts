import { afterAll, describe, expect, it } from 'vitest';
import { documentedOperations, problemOf, send, type DocumentedOperation } from '../support/operations.js';
import { join, type LoginBody } from '../support/people.js';
import { startService } from '../support/service.js';

// Started here and not in a hook: the documents say which tests there are.
const service = await startService();
const operations = documentedOperations(service);
afterAll(() => service.close());

const MISSING = Symbol('missing');

const VALUES: readonly (readonly [string, unknown])[] = [
  ['missing', MISSING],
  ['blank', ''],
  ['spaces', '   '],
  ['null', null],
  ['a number', 7],
  ['a fraction', 1e300],
  ['true', true],
  ['false', false],
  ['a list', ['x']],
  ['an empty list', []],
  ['an object', { a: 1 }],
  ['an empty object', {}],
  ['over-long', 'x'.repeat(100_000)],
  ['U+0000', 'a\0b'],
  ['half a surrogate pair', '\ud800'],
];

/** Rows that hold what no field lets through: a text beyond every limit, or what an ill-formed one decays to. */
function spoilt(): Promise<object[]> {
  const select = (table: string): string =>
    `SELECT '${table}' AS table FROM ${table} AS t WHERE t::text LIKE '%\ufffd%' OR length(t::text) > 50000`;
  return service.sql(['users', 'profiles'].map(select).join(' UNION ALL '));
}

/** Somebody to sign in as, for as long as the operation lets them be. */
async function caller(operation: DocumentedOperation, person?: LoginBody): Promise<LoginBody | undefined> {
  if (!operation.takesToken) return undefined;
  const isIn =
    person !== undefined && (await service.request('GET', '/api/auth/me/', { token: person.access })).status === 200;
  return isIn ? person : join(service);
}

describe.each([...new Set(operations.map(({ surface }) => surface))])('surface %s', (surface) => {
  const mine = operations.filter((operation) => operation.surface === surface);

  it.each(mine.filter(({ fields }) => fields.length > 0).map((it) => [it.method, it.path, it] as const))(
    '%s %s refuses what is no value of a field in its own words',
    async (_method, _path, operation) => {
      const owner = await join(service);
      const bases = [operation.example];
      if ('email' in operation.example) bases.push({ ...operation.example, email: owner.user.email });
      const problems: unknown[] = [];
      let person: LoginBody | undefined;
      for (const base of bases) {
        for (const field of operation.fields) {
          for (const [name, value] of VALUES) {
            person = await caller(operation, person);
            const body = { ...base, [field]: value === MISSING ? undefined : value };
            const answer = await send(service, operation, body, person === undefined ? {} : { token: person.access });
            const problem = problemOf(operation, answer);
            if (problem !== undefined) problems.push([field, name, problem]);
            if (answer.status === 401 && operation.isProtected)
              problems.push([field, name, 'the caller was not let in']);
          }
        }
      }
      expect(problems).toEqual([]);
      expect(await spoilt()).toEqual([]);
    },
    120_000,
  );

  it.each(mine.filter(({ query }) => query.length > 0).map((it) => [it.method, it.path, it] as const))(
    '%s %s refuses what is no value of its query in its own words',
    async (_method, _path, operation) => {
      const problems: unknown[] = [];
      const person = await caller(operation);
      for (const name of operation.query) {
        for (const text of ['', `${name}=`, `${name}=%20`, `${name}=a%00b`, `${name}=%ED%A0%80`, `${name}=%`]) {
          for (const query of [text, `${text}&${text}`, `${name}[]=x&${text}`, `${text}&${'x'.repeat(8_000)}`]) {
            const answer = await service.request(operation.method, `${operation.path}?${query}`, {
              ...(person === undefined ? {} : { token: person.access }),
              ...(operation.fields.length === 0 ? {} : { body: {} }),
            });
            const problem = problemOf(operation, answer);
            if (problem !== undefined) problems.push([query.slice(0, 50), problem]);
          }
        }
      }
      expect(problems).toEqual([]);
    },
  );
});

it('there are operations, and their fields were found', () => {
  expect(operations.flatMap(({ fields }) => fields).length).toBeGreaterThan(30);
  expect(operations.flatMap(({ query }) => query).length).toBeGreaterThan(1);
});
