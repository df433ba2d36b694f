import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Environment } from '../config/environment.js';
import { asClient } from './client.js';

/** Request headers that front ends send besides the ones that need no leave. */
const ALLOWED_HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'X-CSRFToken',
  'X-Request-ID',
  'X-Requested-With',
  'X-Tenant-ID',
];

const EXPOSED_HEADERS = ['Retry-After', 'X-Request-ID'];

/** What the page that shows the documents is made of: its own scripts, and styles that its scripts write. */
const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers, cookies, CORS and the access log; before the routes are made. `docsPath` has no slashes around it. */
export async function configureHttp(
  app: NestFastifyApplication,
  environment: Environment,
  docsPath: string,
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();

  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: environment.publicUrl.startsWith('https:') && { maxAge: 31_536_000 },
    xFrameOptions: { action: 'deny' },
  });

  if (environment.frontendOrigins.length > 0) {
    const cors = {
      origin: [...environment.frontendOrigins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ALLOWED_HEADERS,
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    };
    app.enableCors({
      // An OPTIONS request that is no preflight is for the route.
      delegator: ({ headers }: FastifyRequest, answer: (error: null, options: object) => void) => {
        answer(null, { ...cors, preflight: headers['access-control-request-method'] !== undefined });
      },
    });
  }

  fastify.addHook('onRequest', (request, _reply, done) => asClient(request, done));

  fastify.addHook('onRequest', (request, reply, done) => {
    // Answers here carry tokens and personal data; whatever may be kept says so itself.
    reply.header('cache-control', 'no-store').header('x-request-id', request.id);
    if (isBelow(request.url, docsPath)) reply.header('content-security-policy', DOCS_POLICY);
    done();
  });

  // A connection that was busy when the stop began would be kept alive after its answer, and keep the process alive, too.
  let stopping = false;
  fastify.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done();
  });

  // The pattern of the route and never the address: paths and queries hold tokens and addresses.
  fastify.addHook('onResponse', (request, reply, done) => {
    const { url: route = null } = request.routeOptions;
    // Probes come every few seconds and say nothing new.
    const level = route?.startsWith('/health/') ? 'debug' : 'info';
    request.log[level](
      {
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
    done();
  });
}

function isBelow(url: string, path: string): boolean {
  return url === `/${path}` || url.startsWith(`/${path}/`) || url.startsWith(`/${path}?`);
}
