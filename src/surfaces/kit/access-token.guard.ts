import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { Failure } from '../../failure.js';
import { ACCESS, type Access } from '../../platform/http/access.js';

/** For every route that does not say it is public: a live access token, or a failure that says what is wrong with it. */
@Injectable()
export class AccessTokenGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    return access === 'public' || access === 'client' || super.canActivate(context);
  }

  override handleRequest<User>(error: Error | null, user: User | false, info: unknown): User {
    if (error) throw error;
    if (user) return user;
    const { name, message } = info as Error;
    if (message === 'No auth token') throw new Failure('not_authenticated');
    throw new Failure(name === 'TokenExpiredError' ? 'access_token_expired' : 'access_token_invalid');
  }
}
