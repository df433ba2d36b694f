import { afterAll, describe, expect, it } from 'vitest';
import { PasswordHasher } from '../../src/platform/crypto/password-hasher.js';
import { CLIENT_SCOPES } from '../../src/clients/service-clients.service.js';
import { createClient } from '../support/clients.js';
import { documentedOperations, mismatch, problemOf, send, type DocumentedOperation } from '../support/operations.js';
import { join, PASSWORD } from '../support/people.js';
import { startService, type Answered, type RequestOptions } from '../support/service.js';

// Started here and not in a hook: the documents say which tests there are.
const service = await startService();
const operations = documentedOperations(service);
afterAll(() => service.close());

/** What only a mail or a login could tell; the ones that documents show are made up. */
const SECRETS = ['token', 'refresh', 'code', 'sessionToken'];

const { authorization } = await createClient(service, ...CLIENT_SCOPES);

type Fields = Readonly<Record<string, unknown>>;

/** The account that the documents are about: the first one, under the names and the password that they show. */
async function arrange(operation: DocumentedOperation, shown: Fields): Promise<RequestOptions> {
  await service.sql('DELETE FROM users');
  await service.sql('ALTER SEQUENCE users_id_seq RESTART');
  if (operation.answers.has(201)) return {};
  const textOf = (...names: string[]): string | undefined =>
    names.map((name) => shown[name]).find((value) => typeof value === 'string');
  const { access } = await join(service);
  const hash = await service
    .get(PasswordHasher)
    .hash(textOf('old_password', 'current_password', 'password') ?? PASSWORD);
  // Renamed, so that no mail to the one before is taken for one to this.
  await service.sql(
    `UPDATE users SET email = $1::text, email_canonical = $1, username = $2::text, username_canonical = $2, password_hash = $3`,
    [textOf('email') ?? 'john@example.com', textOf('username') ?? 'john', hash],
  );
  if (operation.takesClient) return { headers: { authorization } };
  return operation.isProtected ? { token: access } : {};
}

function ask(
  operation: DocumentedOperation,
  body: { mediaType: string; value: unknown } | undefined,
  options: RequestOptions,
): Promise<Answered> {
  const { method, query, parameters } = operation;
  const inQuery = parameters.filter(({ name }) => query.includes(name));
  const search = new URLSearchParams(
    inQuery.map(({ name, value }): [string, string] => [name, String(value)]),
  ).toString();
  const path = search === '' ? operation.path : `${operation.path}?${search}`;
  if (body === undefined) return service.request(method, path, options);
  return send(service, { method, path, mediaType: body.mediaType }, body.value as Fields, options);
}

describe.each([...new Set(operations.map(({ surface }) => surface))])('the document of %s', (surface) => {
  const mine = operations.filter((operation) => operation.surface === surface);

  it.each(mine.map((it) => [it.method, it.path, it] as const))(
    '%s %s answers what is shown of it as it says',
    async (_method, _path, operation) => {
      const inAddress = Object.fromEntries(operation.parameters.map(({ name, value }) => [name, value]));
      for (const body of operation.bodies.length === 0 ? [undefined] : operation.bodies) {
        const shown = { ...inAddress, ...(body?.value as object | undefined) };
        const answer = await ask(operation, body, await arrange(operation, shown));
        const what = [body?.mediaType, body?.name];
        expect([...what, problemOf(operation, answer)]).toEqual([...what, undefined]);
        // Only a made-up secret keeps it from doing what it is there for, unless it is there to judge one.
        const isMadeUp = SECRETS.some((name) => name in shown) && !(operation.takesClient && 'token' in shown);
        expect([...what, answer.body, answer.status < 300]).toEqual([...what, answer.body, !isMadeUp]);
      }
    },
  );

  it('keeps its own schemas in all that it shows', () => {
    const problems: unknown[] = [];
    let compared = 0;
    for (const { document, method, path, bodies, parameters, shownAnswers } of mine) {
      for (const { name, mediaType, schema, value } of [...bodies, ...parameters, ...shownAnswers]) {
        const problem = mismatch(document, schema, value);
        if (problem !== undefined) problems.push([method, path, mediaType, name, problem]);
        compared += 1;
      }
    }
    expect(problems).toEqual([]);
    expect(compared).toBeGreaterThan(50);
  });
});
