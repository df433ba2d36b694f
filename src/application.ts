import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DestinationStream } from 'pino';
import { AppModule, SURFACES } from './app.module.js';
import { MailDispatcher } from './mail/mail.dispatcher.js';
import type { ReadSettings } from './platform/config/environment.js';
import { secretKeyFrom } from './platform/crypto/secret-key-file.js';
import { openEmbeddedDatabase } from './platform/database/embedded.js';
import { createAdapter } from './platform/http/adapter.js';
import { configureHttp } from './platform/http/configure.js';
import { FallbackFilter } from './platform/http/fallback.filter.js';
import { createLogger, NestLogger } from './platform/logging/logger.js';
import { DOCS_PATH, serveDocuments } from './surfaces/kit/documents.js';
import { answerForUnmatched, stampAnswers } from './surfaces/kit/prefixes.js';
import { acceptRawBodies } from './surfaces/kit/raw-body.js';
import { KeyRing } from './tokens/key-ring.js';
import { SecurityEventsService } from './tokens/security-events.service.js';

/** The service, put together and not yet listening. */
export interface Application {
  readonly nest: NestFastifyApplication;
  /** Listens where the environment says, and answers the port. */
  listen(): Promise<number>;
  /** Answers what has been asked, sends the mail under way, and lets go of everything. */
  close(): Promise<void>;
}

/** `log`: where log lines go instead of standard output. */
export async function createApplication(
  { environment, settings }: ReadSettings,
  log?: DestinationStream,
): Promise<Application> {
  const logger = createLogger(environment, log);
  const secretKey = environment.SECRET_KEY ?? secretKeyFrom(environment.DATA_DIR);
  const embedded =
    environment.DATABASE_URL === undefined ? await openEmbeddedDatabase(environment.DATA_DIR) : undefined;
  const database = embedded === undefined ? { url: environment.DATABASE_URL ?? '' } : { embedded: embedded.server };
  try {
    const nest = await NestFactory.create<NestFastifyApplication>(
      AppModule.for({ environment, settings, database, secretKey }),
      createAdapter(environment, logger),
      { logger: new NestLogger(logger), bodyParser: false, abortOnError: false },
    );
    acceptRawBodies(nest.getHttpAdapter().getInstance());
    nest.useGlobalFilters(new FallbackFilter((path) => answerForUnmatched(SURFACES, path)));
    await configureHttp(nest, environment, DOCS_PATH);
    stampAnswers(nest.getHttpAdapter().getInstance(), SURFACES);
    serveDocuments(nest, SURFACES);
    return {
      nest,
      async listen() {
        await nest.listen(environment.PORT, environment.host);
        nest.get(MailDispatcher).start();
        nest.get(KeyRing).watch();
        nest.get(SecurityEventsService).watch();
        const address = nest.getHttpServer().address();
        return typeof address === 'object' && address !== null ? address.port : environment.PORT;
      },
      async close() {
        await nest.get(MailDispatcher).stop();
        await nest.get(KeyRing).stop();
        await nest.get(SecurityEventsService).stop();
        await nest.close();
        await embedded?.close();
      },
    };
  } catch (error) {
    await embedded?.close();
    throw error;
  }
}
