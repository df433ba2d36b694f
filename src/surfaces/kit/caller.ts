import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Whoever the guard of this route let in: a caller behind an access token, or the account of a login. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  return context.switchToHttp().getRequest<FastifyRequest & { user?: unknown }>().user;
});

/** The address and the user agent of whoever calls, for their owner to recognise a session by. */
export const ClientOf = createParamDecorator(
  (_: unknown, context: ExecutionContext): { ip: string | null; userAgent: string | null } => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // An IPv4 address on a socket of both kinds is still that address.
    const ip = request.ip.replace(/^::ffff:(?=\d+\.)/, '');
    return { ip, userAgent: request.headers['user-agent'] ?? null };
  },
);
