import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AccountService } from '../../auth/account.service.js';
import type { Caller } from '../../auth/callers.service.js';
import { Failure } from '../../failure.js';

/** Lets the caller in to their own account only, before the body is looked at. */
@Injectable()
export class OwnAccountGuard implements CanActivate {
  constructor(private readonly accounts: AccountService) {}

  /** Throws `not_found` for what is no number, `account_not_found`, and `forbidden` for somebody else's. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { params, user: caller } = context
      .switchToHttp()
      .getRequest<FastifyRequest & { params: { id: string }; user: Caller }>();
    if (!/^\d+$/.test(params.id)) throw new Failure('not_found');
    const id = Number(params.id);
    if (id === caller.user.id) return true;
    throw new Failure((await this.accounts.mayExist(id)) ? 'forbidden' : 'account_not_found');
  }
}
