import { type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Readable, Writable } from 'node:stream';
import type { ReadSettings } from '../platform/config/environment.js';
import { secretKeyFrom } from '../platform/crypto/secret-key-file.js';
import type { DatabaseTarget } from '../platform/database/data-source.js';
import { openEmbeddedDatabase } from '../platform/database/embedded.js';
import { CliModule } from './cli.module.js';
import { Output } from './output.js';

/** What a command is run with. */
export interface Terminal {
  out: Writable;
  error: Writable;
  input: Readable;
  /** Throws `UnfitEnvironment`. */
  readSettings(): ReadSettings;
}

/** What a command says of itself when it could not do what it was asked for; the exit code is 1. */
export class Refusal extends Error {
  override name = 'Refusal';
}

export type Get = <T>(type: Type<T>) => T;

/** `work` with the database of the settings: of the embedded one, alone. */
export async function withDatabase<T>(
  { environment }: ReadSettings,
  work: (database: DatabaseTarget) => Promise<T>,
): Promise<T> {
  if (environment.DATABASE_URL !== undefined) return work({ url: environment.DATABASE_URL });
  const embedded = await openEmbeddedDatabase(environment.DATA_DIR);
  try {
    return await work({ embedded: embedded.server });
  } finally {
    await embedded.close();
  }
}

/** `work` with the services of the core; the schema has to be complete. */
export function withCore<T>(settings: ReadSettings, work: (get: Get) => Promise<T>): Promise<T> {
  return withDatabase(settings, async (database) => {
    const secretKey = settings.environment.SECRET_KEY ?? secretKeyFrom(settings.environment.DATA_DIR);
    const context: INestApplicationContext = await NestFactory.createApplicationContext(
      CliModule.for({ ...settings, database, secretKey }),
      { logger: false, abortOnError: false },
    );
    try {
      return await work((type) => context.get(type, { strict: false }));
    } finally {
      await context.close();
    }
  });
}

/** One run of the command line. */
export class Run {
  constructor(
    readonly terminal: Terminal,
    private readonly isJson: () => boolean,
  ) {}

  get output(): Output {
    return new Output(this.terminal.out, this.isJson());
  }

  get settings(): ReadSettings {
    return this.terminal.readSettings();
  }

  core<T>(work: (get: Get) => Promise<T>): Promise<T> {
    return withCore(this.settings, work);
  }
}
