import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SURFACES } from '../../src/app.module.js';
import { join as signUp, PASSWORD, someone } from '../support/people.js';
import { startService, type Service } from '../support/service.js';
import type { ReceivedMail } from '../support/smtp.js';
import type { Visit, Walk } from '../support/walk.js';

const NAMES = SURFACES.filter(({ document }) => document !== undefined).map(({ name }) => name);

/** Where the programs look for the types of their documents; they are made anew in every run. */
const TYPES = join('test-results', 'clients');

const programOf = (name: string): string => join('test', 'clients', `${name}.client.ts`);

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** Somebody at a client; the surfaces without a sign-up get a member. */
async function visitor(name: string): Promise<Visit> {
  const email = someone();
  const username = email.replace(/@.*/, '');
  if (name === 'api-v1') await signUp(service, email, { username });
  const read = new Set<ReceivedMail>(service.smtp.to(email));
  return {
    baseUrl: service.url,
    email,
    username,
    password: PASSWORD,
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
    await walk(await visitor(name));
  });
});
