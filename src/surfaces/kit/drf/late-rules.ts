import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, from, mergeMap, type Observable } from 'rxjs';
import { Failure, type Problem } from '../../../failure.js';

/**
 * Rules of fields that only services can check, such as whether a name is taken. They are told together with what is
 * wrong with the other fields, before any rule about the body as a whole: the interceptor completes the refusals of the
 * pipe, and the handler asks for bodies whose own rules are kept.
 */
export abstract class LateRules implements NestInterceptor {
  /** The broken ones among the fields that are `sound` so far; none for bodies that have no such rules. */
  protected abstract problemsOf(body: object, isSound: (field: string) => boolean): Promise<Problem[]>;

  /** Throws `invalid_input`. */
  async assertKept(body: object): Promise<void> {
    const problems = await this.problemsOf(body, () => true);
    if (problems.length > 0) throw new Failure('invalid_input', { problems });
  }

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => from(this.complete(error)).pipe(mergeMap(rethrow))));
  }

  private async complete(error: unknown): Promise<unknown> {
    if (!(error instanceof Failure) || error.code !== 'invalid_input') return error;
    const { problems, input } = (error as Failure<'invalid_input'>).details;
    if (input === undefined) return error;
    const late = await this.problemsOf(input, (field) => !problems.some((problem) => problem.field === field));
    return new Failure('invalid_input', { problems: [...late, ...problems] });
  }
}

export function lateProblem(field: string, rule: string, message: string): Problem {
  return { in: 'body', field, rule, message };
}

function rethrow(error: unknown): never {
  throw error;
}
