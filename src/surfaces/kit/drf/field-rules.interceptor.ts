import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { Failure, type Problem } from '../../../failure.js';
import { fieldNames, readBody, readInput, type InputClass } from '../input.js';

/** What could be read of a body, and which of its fields keep their own rules. */
export interface Fields<Body> {
  body: Body;
  isSound: (field: keyof Body & string) => boolean;
}

/**
 * Rules of single fields that only the core can check, such as that a name is free. They are told together with what is
 * wrong with the other fields, before any rule about the body as a whole. The handler finds them kept.
 */
@Injectable()
export abstract class FieldRulesInterceptor<Body extends object> implements NestInterceptor {
  protected abstract readonly input: InputClass<Body>;

  /** `caller`: whoever the guard let in. A field may be absent or of another type unless it is sound. */
  protected abstract problemsOf(fields: Fields<Body>, caller: unknown): Promise<Problem[]>;

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: unknown }>();
    const { body, problems } = await this.read(request.body);
    const isSound = (field: string): boolean => !problems.some((problem) => problem.field === field);
    const order = fieldNames(this.input);
    const all = [...problems, ...(await this.problemsOf({ body, isSound }, request.user))].toSorted(
      (one, other) => order.indexOf(one.field) - order.indexOf(other.field),
    );
    if (all.length > 0) throw new Failure('invalid_input', { problems: all });
    request.body = body;
    return next.handle();
  }

  /** What could be read of a body, and which of its fields' own rules it breaks. */
  private async read(raw: unknown): Promise<{ body: Body; problems: readonly Problem[] }> {
    const fields = await readBody(raw);
    try {
      return { body: readInput(this.input, fields, 'body'), problems: [] };
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'invalid_input') throw error;
      const { problems, input } = (error as Failure<'invalid_input'>).details;
      return { body: input as Body, problems };
    }
  }
}

/** A broken rule of a field of the body. */
export function problem(field: string, rule: string, message: string): Problem {
  return { in: 'body', field, rule, message };
}
