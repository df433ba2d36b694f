import { availableParallelism } from 'node:os';
import { SURFACES } from './app.module.js';
import { createApplication, type Application } from './application.js';
import {
  readProcessEnvironment,
  sizeThreadPool,
  UnfitEnvironment,
  type Environment,
} from './platform/config/environment.js';

/** Milliseconds for a stop in good order, less than the 10 s that containers are given; then the process ends as it is. */
const STOP_WITHIN_MS = 8_000;

const began = performance.now();
sizeThreadPool(availableParallelism());

try {
  const settings = readProcessEnvironment(SURFACES.flatMap((surface) => surface.settings ?? []));
  const starting = createApplication(settings);
  stopOnSignals(starting);
  const application = await starting;
  const port = await application.listen();
  announce(settings.environment, port);
} catch (error) {
  process.stderr.write(`${error instanceof UnfitEnvironment ? error.message : describe(error)}\n`);
  process.exit(1);
}

/** A service that is still waiting for its database has nothing to finish: it ends at once. */
function stopOnSignals(starting: Promise<Application>): void {
  let isReady = false;
  let isStopping = false;
  starting.then(
    () => (isReady = true),
    () => undefined,
  );
  const stop = (): void => {
    if (isStopping || !isReady) process.exit(isStopping ? 1 : 0);
    isStopping = true;
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    starting
      .then((application) => application.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`${describe(error)}\n`);
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

/** Tells a person at a terminal where everything is; in production the log has what there is to say. */
function announce(environment: Environment, port: number): void {
  if (environment.isProduction) return;
  const root = environment.PUBLIC_URL === undefined ? `http://localhost:${port}` : environment.publicUrl;
  const database =
    environment.DATABASE_URL === undefined
      ? `embedded, in ${environment.DATA_DIR}: for one process and for trying out (set DATABASE_URL for a real one)`
      : 'the one of DATABASE_URL';
  const mail =
    environment.SMTP_URL === undefined
      ? 'goes to the inbox only (set SMTP_URL to send it)'
      : 'goes to SMTP_URL and the inbox';
  process.stdout.write(
    [
      '',
      `  Ostiary is ready after ${Math.round(performance.now() - began)} ms`,
      '',
      `  API and documents   ${root}/docs`,
      `  Development inbox   ${root}/dev/inbox`,
      `  Health              ${root}/health/ready`,
      `  Database            ${database}`,
      `  Mail                ${mail}`,
      '',
      '',
    ].join('\n'),
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
