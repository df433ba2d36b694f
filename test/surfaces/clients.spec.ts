import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SURFACES } from '../../src/app.module.js';
import { CLIENT_SCOPES } from '../../src/clients/service-clients.service.js';
import { createClient } from '../support/clients.js';
import { documentedOperations, problemOf, type DocumentedOperation } from '../support/operations.js';
import { join as signUp, PASSWORD, someone } from '../support/people.js';
import { startService, type Service } from '../support/service.js';
import type { ReceivedMail } from '../support/smtp.js';
import type { Visit, Walk } from '../support/walk.js';

const NAMES = SURFACES.filter(({ document }) => document !== undefined).map(({ name }) => name);

/** Where the programs look for the types of their documents; they are made anew in every run. */
const TYPES = join('test-results', 'clients');

const WITHOUT_SIGN_UP = ['api-v1', 'oauth'];

/** Where a program need not go: other names of what it does. */
const UNWALKED: Readonly<Record<string, string[]>> = {
  accounts: ['POST /accounts/api/get/accttivation/token/', 'POST /accounts/api/get/activation/token/'],
  'api-auth': ['GET /api/auth/verify-email/'],
  djoser: ['PUT /auth/users/{id}/', 'DELETE /auth/users/{id}/'],
};

const programOf = (name: string): string => join('test', 'clients', `${name}.client.ts`);

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** The operation of a request; a path without parameters goes before one that has some. */
function operationOf(all: readonly DocumentedOperation[], { method, url }: Request): DocumentedOperation | undefined {
  const { pathname } = new URL(url);
  const fits = ({ template }: DocumentedOperation): boolean =>
    new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname);
  const [operation] = all
    .filter((it) => it.method === method && fits(it))
    .toSorted((one, other) => Number(one.template.includes('{')) - Number(other.template.includes('{')));
  return operation;
}

/** `fetch` that looks every answer up in the document; what was done is no longer among `unwalked`. */
function compared(name: string, unwalked: Set<DocumentedOperation>): Visit['fetch'] {
  const mine = documentedOperations(service).filter(({ surface }) => surface === name);
  for (const operation of mine) unwalked.add(operation);
  return async (request) => {
    const operation = operationOf(mine, request);
    if (operation === undefined) throw new Error(`${request.method} ${request.url} is in no document`);
    const response = await fetch(request);
    const text = await response.clone().text();
    const body: unknown = text === '' ? text : JSON.parse(text);
    const problem = problemOf(operation, { status: response.status, body, headers: response.headers });
    if (problem !== undefined) throw new Error(`${operation.method} ${operation.template}: ${problem}`);
    if (response.ok) unwalked.delete(operation);
    return response;
  };
}

/** Somebody at a client; the surfaces without a sign-up get a member. */
async function visitor(name: string, unwalked: Set<DocumentedOperation>): Promise<Visit> {
  const email = someone();
  const username = email.replace(/@.*/, '');
  const access = WITHOUT_SIGN_UP.includes(name) ? (await signUp(service, email, { username })).access : '';
  const { authorization } = await createClient(service, ...CLIENT_SCOPES);
  const read = new Set<ReceivedMail>(service.smtp.to(email));
  return {
    baseUrl: service.url,
    fetch: compared(name, unwalked),
    email,
    username,
    password: PASSWORD,
    access,
    service: authorization,
    async mailed(pattern, to = email) {
      const found = (): ReceivedMail | undefined =>
        service.smtp.to(to).find((mail) => !read.has(mail) && pattern.test(mail.text));
      await service.smtp.until(() => found() !== undefined, `${pattern.source} for ${to}`);
      const mail = found()!;
      read.add(mail);
      return { ...pattern.exec(mail.text)?.groups };
    },
  };
}

/** As a reader of the document makes them. */
async function writeTypes(name: string): Promise<void> {
  const { body } = await service.request<Parameters<typeof openapiTS>[0]>('GET', `/docs/${name}.json`);
  mkdirSync(TYPES, { recursive: true });
  writeFileSync(join(TYPES, `${name}.ts`), astToString(await openapiTS(body)));
}

/** What the compiler says of these programs under our own options, which are strict. */
function complaints(files: string[]): string {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => readFileSync(path, 'utf8')) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files }, ts.sys, '.');
  const program = ts.createProgram(files, { ...options, strict: true, noEmit: true });
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
    ...ts.sys,
    getNewLine: () => '\n',
    getCanonicalFileName: (path) => path,
  });
}

describe('a client made of the document', () => {
  it('is there for every surface', () => {
    expect(NAMES.filter((name) => !existsSync(programOf(name)))).toEqual([]);
  });

  it('compiles under strict', async () => {
    for (const name of NAMES) await writeTypes(name);
    expect(complaints(NAMES.map(programOf))).toBe('');
  }, 120_000);

  it.each(NAMES)('walks %s', async (name) => {
    const { walk } = (await import(`../clients/${name}.client.ts`)) as { walk: Walk };
    const unwalked = new Set<DocumentedOperation>();
    await walk(await visitor(name, unwalked));
    expect([...unwalked].map(({ method, template }) => `${method} ${template}`)).toEqual(UNWALKED[name] ?? []);
  });
});
