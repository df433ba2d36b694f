import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../failure.js';
import { word, type Wording } from './wording.js';

/** Turns a failure into the words of one surface. Anything else is a bug and passes on. */
@Catch(Failure)
export class FailureFilter implements ExceptionFilter<Failure> {
  constructor(private readonly wording: Wording) {}

  catch(failure: Failure, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const [status, body, headers = {}] = word(this.wording, failure);
    request.log.debug({ failure: failure.code }, 'refused');
    void reply.status(status).headers(headers).send(body);
  }
}
