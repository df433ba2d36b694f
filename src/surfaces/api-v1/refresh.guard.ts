import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallersService } from '../../auth/callers.service.js';
import { Failure } from '../../failure.js';
import { SessionsService } from '../../tokens/sessions.service.js';
import { hasCome } from '../kit/fastapi/bodies.js';
import { readBody, readInput } from '../kit/input.js';
import { RefreshCookie } from './refresh-cookie.js';
import { RefreshRequest } from './requests.js';
import { NAME } from './settings.js';

/**
 * Who may refresh: whoever has the cookie and names no token in the body, or whoever has an access token, be it one that
 * has expired. The handler's body is then what was asked, wherever its token came from.
 */
@Injectable()
export class RefreshGuard implements CanActivate {
  constructor(
    private readonly cookie: RefreshCookie,
    private readonly callers: CallersService,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = this.cookie.read(request);
    if (token === undefined) {
      const caller = await this.callers.identify(request.headers.authorization);
      const body = readInput(RefreshRequest, await readBody(RefreshRequest, request.body), 'body');
      if (caller === null) throw await this.refusalOf(body.token);
      request.body = body;
      return true;
    }
    const raw = hasCome(request.body) ? await readBody(RefreshRequest, request.body) : {};
    // What a page sends of a token that it has lost is nothing.
    const isFromCookie = raw.token === undefined || raw.token === null || raw.token === '';
    const body = readInput(RefreshRequest, isFromCookie ? { ...raw, token } : raw, 'body');
    if (!isFromCookie && (await this.callers.identify(request.headers.authorization)) === null) {
      throw await this.refusalOf(body.token);
    }
    request.body = body;
    return true;
  }

  /** Of a bearer whose session has ended: a refresh token that ended with it says so; a good one does not help. */
  private async refusalOf(token: string): Promise<Failure> {
    const outcome = await this.sessions.inspect(token, [NAME]);
    return outcome === 'live' ? new Failure('access_token_invalid') : new Failure('session_ended');
  }
}
