import { Injectable, SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { Failure } from '../../failure.js';

const NEGOTIATES = 'ostiary:negotiates';

/** The surface refuses requests that accept nothing it can answer with. */
export const Negotiates = (): CustomDecorator => SetMetadata(NEGOTIATES, true);

/** HTML counts as acceptable: the servers we stand in for show their JSON as a page to those who ask for one. */
const OFFERED = ['application/json', 'text/html'];

@Injectable()
export class NegotiationGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** Throws `not_acceptable`. */
  canActivate(context: ExecutionContext): boolean {
    if (!this.reflector.get<boolean | undefined>(NEGOTIATES, context.getClass())) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { accept } = request.headers;
    if (accept === undefined) return true;
    const headers = { accept: withoutParameters(accept) };
    if (new Negotiator({ headers }).mediaTypes(OFFERED).length === 0) throw new Failure('not_acceptable');
    return true;
  }
}

/** Of the parameters of a media range only its weight counts: we have one form of each type. */
function withoutParameters(accept: string): string {
  return accept
    .split(',')
    .map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
      return [type, ...parameters.filter((parameter) => /^q=/i.test(parameter))].join(';');
    })
    .join(',');
}
