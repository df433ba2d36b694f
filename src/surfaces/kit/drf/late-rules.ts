import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, from, mergeMap, type Observable } from 'rxjs';
import { Failure, type Problem } from '../../../failure.js';
import { fieldNames, type InputClass } from '../input.js';

/**
 * Rules of fields that only the core can check, such as that a name is free. They are told together with what else is
 * wrong with the fields, before any rule about the body as a whole: the interceptor completes what the pipe refuses, and
 * the handler asks about bodies whose own rules are kept.
 */
export abstract class LateRules implements NestInterceptor {
  /**
   * What is wrong with those fields of `body` that are sound so far; nothing, for bodies without such rules. `caller` is
   * whoever the guard let in.
   */
  protected abstract problemsOf(body: object, isSound: (field: string) => boolean, caller: unknown): Promise<Problem[]>;

  /** Throws `invalid_input`. */
  async assertKept(body: object, caller?: unknown): Promise<void> {
    const problems = await this.problemsOf(body, () => true, caller);
    if (problems.length > 0) throw refusal(body, problems);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { user } = context.switchToHttp().getRequest<{ user?: unknown }>();
    return next.handle().pipe(catchError((error: unknown) => from(this.complete(error, user)).pipe(mergeMap(rethrow))));
  }

  private async complete(error: unknown, caller: unknown): Promise<unknown> {
    if (!(error instanceof Failure) || error.code !== 'invalid_input') return error;
    const { problems, input } = (error as Failure<'invalid_input'>).details;
    if (input === undefined) return error;
    const isSound = (field: string): boolean => !problems.some((problem) => problem.field === field);
    const late = await this.problemsOf(input, isSound, caller);
    return refusal(input, [...problems, ...late]);
  }
}

/** In the order of the fields. */
function refusal(body: object, problems: readonly Problem[]): Failure {
  const order = fieldNames(body.constructor as InputClass);
  const sorted = problems.toSorted((one, other) => order.indexOf(one.field) - order.indexOf(other.field));
  return new Failure('invalid_input', { problems: sorted });
}

export function lateProblem(field: string, rule: string, message: string): Problem {
  return { in: 'body', field, rule, message };
}

function rethrow(error: unknown): never {
  throw error;
}
