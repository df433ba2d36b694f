import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallersService } from '../../auth/callers.service.js';
import { hasCome } from '../kit/fastapi/bodies.js';
import { readBody, readInput } from '../kit/input.js';
import { RefreshCookie } from './refresh-cookie.js';
import { RefreshRequest } from './requests.js';

/**
 * Who may refresh: whoever has the cookie and names no token in the body, or whoever has an access token, be it one that
 * has expired. The handler's body is then what was asked, wherever its token came from.
 */
@Injectable()
export class RefreshGuard implements CanActivate {
  constructor(
    private readonly cookie: RefreshCookie,
    private readonly callers: CallersService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = this.cookie.read(request);
    if (token === undefined) await this.callers.identify(request.headers.authorization);
    const raw = token !== undefined && !hasCome(request.body) ? {} : await readBody(RefreshRequest, request.body);
    const isFromCookie = token !== undefined && !Object.hasOwn(raw, 'token');
    if (token !== undefined && !isFromCookie) await this.callers.identify(request.headers.authorization);
    request.body = readInput(RefreshRequest, isFromCookie ? { ...raw, token } : raw, 'body');
    return true;
  }
}
