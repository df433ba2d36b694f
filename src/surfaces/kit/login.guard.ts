import { Injectable, mixin, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { readBody, readInput, type InputClass } from './input.js';

/**
 * Passport's `local` over a surface's own login body: the body has to keep its rules first, since guards run before
 * pipes. `identifier` is the field that says who; `by`, what it may hold; `verifiedOnly`, whether a proven address is
 * asked for as well. The handler's caller is the account.
 */
export function LoginGuard<Body extends { password: string }>(
  body: InputClass<Body>,
  identifier: keyof Body & string,
  by: 'email' | 'email_or_username',
  { verifiedOnly = false }: { verifiedOnly?: boolean } = {},
): Type<CanActivate> {
  @Injectable()
  class BodyLoginGuard extends AuthGuard('local') {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      const request = context.switchToHttp().getRequest<FastifyRequest>();
      const input = readInput(body, await readBody(body, request.body), 'body');
      request.body = { identifier: input[identifier], by, password: input.password, verifiedOnly };
      try {
        return (await super.canActivate(context)) as boolean;
      } finally {
        request.body = input;
      }
    }

    override handleRequest<User>(error: Error | null, user: User | false, info: unknown): User {
      if (error) throw error;
      if (user) return user;
      throw new Error(`passport-local refused what the rules let through: ${JSON.stringify(info)}`);
    }
  }
  return mixin(BodyLoginGuard);
}
