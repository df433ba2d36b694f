import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Type } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DestinationStream } from 'pino';
import { inject } from 'vitest';
import type { DataSource } from 'typeorm';
import { SURFACES } from '../../src/app.module.js';
import { createApplication, type Application } from '../../src/application.js';
import { readEnvironment } from '../../src/platform/config/environment.js';
import { databaseUrl, onServer } from './database-server.js';
import { SmtpSink } from './smtp.js';

export const SETTINGS_CLASSES = SURFACES.flatMap((surface) => surface.settings ?? []);

/** Whether tests run on the embedded database, which has one connection: what needs several is skipped. */
export const isEmbedded = inject('databases').kind === 'embedded';

/** A database of its own for a test file, with the schema complete. */
export interface TestDatabase {
  variables: { DATABASE_URL?: string; DATA_DIR: string };
  drop(): Promise<void>;
}

export async function createDatabase(): Promise<TestDatabase> {
  const databases = inject('databases');
  const directory = mkdtempSync(join(tmpdir(), 'ostiary-test-'));
  const clean = (): void => rmSync(directory, { recursive: true, force: true });
  if (databases.kind === 'embedded') {
    cpSync(databases.directory, directory, { recursive: true });
    return { variables: { DATA_DIR: directory }, drop: () => Promise.resolve(clean()) };
  }
  const { url, template } = databases;
  const name = `ostiary_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(url, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return {
    variables: { DATABASE_URL: databaseUrl(url, name), DATA_DIR: directory },
    async drop() {
      await onServer(url, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      clean();
    },
  };
}

/** What a request was answered with. */
export interface Answered<Body = unknown> {
  status: number;
  body: Body;
  headers: Headers;
}

/** The service as tests meet it: over HTTP, its mail over SMTP, its rows over SQL. */
export interface Service {
  readonly url: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly smtp: SmtpSink;
  readonly application: Application;
  /** A provider out of the running service. */
  get<T>(type: Type<T>): T;
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  request<Body = unknown>(method: string, path: string, options?: RequestOptions): Promise<Answered<Body>>;
  close(): Promise<void>;
}

export interface RequestOptions {
  /** Sent as JSON, unless it is a string or a form. */
  body?: unknown;
  /** An access token. */
  token?: string;
  headers?: Record<string, string>;
}

/** Cheap hashes, no limits, and a name of its own for this service; a test sets what it is about. */
const DEFAULTS = {
  NODE_ENV: 'test',
  HOST: '127.0.0.1',
  PORT: '0',
  PUBLIC_URL: 'https://auth.test',
  MAIL_FROM: 'Ostiary <no-reply@auth.test>',
  SECRET_KEY: 'a-secret-key-that-only-the-tests-use-0123456789',
  LOG_LEVEL: 'silent',
  RATE_LIMITS: 'off',
  ARGON2_MEMORY_KIB: '1024',
  ARGON2_TIME_COST: '1',
};

export async function startService(
  overrides: Record<string, string | undefined> = {},
  shared?: { database?: TestDatabase; smtp?: SmtpSink; log?: DestinationStream },
): Promise<Service> {
  const database = shared?.database ?? (await createDatabase());
  const smtp = shared?.smtp ?? (await new SmtpSink().start());
  const variables = { ...DEFAULTS, ...database.variables, SMTP_URL: smtp.url, ...overrides };
  const application = await createApplication(readEnvironment(variables, SETTINGS_CLASSES), shared?.log);
  const port = await application.listen();
  const url = `http://127.0.0.1:${port}`;
  const dataSource = application.nest.get<DataSource>(getDataSourceToken(), { strict: false });
  return {
    url,
    variables,
    smtp,
    application,
    get: (type) => application.nest.get(type, { strict: false }),
    sql: <Row>(text: string, values?: unknown[]) => dataSource.query<Row[]>(text, values),
    request: (method, path, options) => request(url + path, method, options),
    async close() {
      await application.close();
      if (shared?.smtp === undefined) await smtp.stop();
      if (shared?.database === undefined) await database.drop();
    },
  };
}

export async function request<Body>(
  url: string,
  method: string,
  options: RequestOptions = {},
): Promise<Answered<Body>> {
  const { body, token } = options;
  const headers: Record<string, string> = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const isJson =
    body !== undefined && typeof body !== 'string' && !(body instanceof FormData) && !(body instanceof URLSearchParams);
  if (isJson || typeof body === 'string') headers['content-type'] = 'application/json';
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...options.headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as NonNullable<RequestInit['body']>) }),
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    body: (type.startsWith('application/json') && text !== '' ? JSON.parse(text) : text) as Body,
    headers: response.headers,
  };
}
