import {
  applyDecorators,
  Injectable,
  mixin,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ServiceClientsService, type ClientScope, type ServiceClient } from '../../clients/service-clients.service.js';
import { Failure } from '../../failure.js';
import { complain } from '../kit/drf/complain.js';
import { readBody } from '../kit/input.js';
import { Operation, type OperationOptions } from '../kit/operation.js';
import { TokenRequest } from './requests.js';

/** An operation for service clients with this scope. */
export function ClientOperation(scope: ClientScope, options: Omit<OperationOptions, 'access'>): MethodDecorator {
  return applyDecorators(Operation({ ...options, access: 'client' }), UseGuards(ClientGuard(scope)));
}

/**
 * Lets in a service client that proves itself by `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1) and has
 * the scope; it becomes the caller. Throws `not_authenticated`, `wrong_credentials`, `forbidden`, and `invalid_input` for
 * both ways at once.
 */
function ClientGuard(scope: ClientScope): Type<CanActivate> {
  @Injectable()
  class MixinClientGuard implements CanActivate {
    constructor(private readonly clients: ServiceClientsService) {}

    async canActivate(context: ExecutionContext): Promise<boolean> {
      const request = context.switchToHttp().getRequest<FastifyRequest & { user?: ServiceClient }>();
      const { id, secret } = await credentialsOf(request);
      const client = await this.clients.authenticate(id, secret);
      if (client === null) throw new Failure('wrong_credentials');
      if (!client.scopes.includes(scope)) throw new Failure('forbidden');
      request.user = client;
      return true;
    }
  }
  return mixin(MixinClientGuard);
}

interface Credentials {
  id: string;
  secret: string;
}

async function credentialsOf({ headers, body }: FastifyRequest): Promise<Credentials> {
  const header = headers.authorization;
  const { client_id: id, client_secret: secret } = await readBody(TokenRequest, body);
  if (header !== undefined) {
    if (secret !== undefined) throw complain('client_secret', 'once', 'Comes in the header or in the body.');
    return basic(header);
  }
  if (typeof id !== 'string' || typeof secret !== 'string') throw new Failure('not_authenticated');
  return { id, secret };
}

/** Id and secret are form-encoded before they are joined. */
function basic(header: string): Credentials {
  const [, encoded] = /^basic +([a-z0-9+/]+={0,2})$/i.exec(header.trim()) ?? [];
  if (encoded === undefined) throw new Failure('not_authenticated');
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw new Failure('wrong_credentials');
  return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Failure('wrong_credentials');
  }
}
