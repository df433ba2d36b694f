import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, from, mergeMap, type Observable } from 'rxjs';
import { Failure, type Problem } from '../../../failure.js';
import type { InputClass } from '../input.js';

/**
 * Rules of fields that only the core can check, such as that a name is free. They are told together with what else is
 * wrong with the fields, before any rule about the body as a whole.
 */
export abstract class LateRules<Body extends object> implements NestInterceptor {
  protected abstract readonly body: InputClass<Body>;

  /** What is wrong with the fields of `body` that `isSound` lets be looked at. */
  protected abstract check(body: Body, isSound: (field: string) => boolean): Promise<Problem[]>;

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => from(this.complete(error)).pipe(mergeMap(rethrow))));
  }

  /** For the handler: throws `invalid_input` for a body whose own rules are kept. */
  async assertKept(body: Body): Promise<void> {
    const problems = await this.check(body, () => true);
    if (problems.length > 0) throw new Failure('invalid_input', { problems });
  }

  private async complete(error: unknown): Promise<unknown> {
    if (!(error instanceof Failure) || error.code !== 'invalid_input') return error;
    const { problems, input } = (error as Failure<'invalid_input'>).details;
    if (!(input instanceof this.body)) return error;
    const late = await this.check(input, (name) => !problems.some(({ field }) => field === name));
    return new Failure('invalid_input', { problems: [...late, ...problems] });
  }
}

function rethrow(error: unknown): never {
  throw error;
}
