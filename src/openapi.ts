import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule, SURFACES } from './app.module.js';
import { readEnvironment } from './platform/config/environment.js';
import { createDocuments } from './surfaces/kit/documents.js';

/** Writes the OpenAPI document of each surface into the folder that is named, without a database or anything else. */
const [folder = 'openapi'] = process.argv.slice(2);
const classes = SURFACES.flatMap((surface) => surface.settings ?? []);
const { environment, settings } = readEnvironment({}, classes);
const options = { environment, settings, database: { url: 'postgres://nowhere' }, secretKey: '' };
const app = await NestFactory.create(AppModule.for(options), new FastifyAdapter(), {
  preview: true,
  logger: ['error'],
});
mkdirSync(folder, { recursive: true });
for (const [surface, document] of createDocuments(app, SURFACES)) {
  const file = join(folder, `${surface.name}.json`);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  process.stdout.write(`${file}\n`);
}
