import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientOf, type Client } from '../../platform/http/client.js';

export type { Client };

/** Whoever the guard of this route let in: a caller behind an access token, or the account of a login. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  return context.switchToHttp().getRequest<FastifyRequest & { user?: unknown }>().user;
});

/** The address and the user agent of whoever calls, for their owner to recognise a session by. */
export const ClientOf = createParamDecorator((_: unknown, context: ExecutionContext): Client => {
  return clientOf(context.switchToHttp().getRequest<FastifyRequest>());
});
