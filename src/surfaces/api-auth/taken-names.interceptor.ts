import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, from, mergeMap, type Observable } from 'rxjs';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure, type Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { EMAIL_TAKEN, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/**
 * Whether a name is taken is a rule of its field like any other: it is told together with what is wrong with the other
 * fields, before any rule about the body as a whole.
 */
@Injectable()
export class TakenNamesInterceptor implements NestInterceptor {
  constructor(private readonly registrations: RegistrationService) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => from(this.complete(error)).pipe(mergeMap(rethrow))));
  }

  /** The problems of a body whose own rules are kept. */
  async problemsOf(body: RegisterRequest, known: readonly Problem[] = []): Promise<Problem[]> {
    const isSound = (field: string): boolean => !known.some((problem) => problem.field === field);
    const taken = await this.registrations.taken(
      isSound('email') ? parseEmailAddress(body.email) : null,
      isSound('username') ? body.username || null : null,
    );
    return [
      ...(taken.email ? [unique('email', EMAIL_TAKEN)] : []),
      ...(taken.username ? [unique('username', USERNAME_TAKEN)] : []),
    ];
  }

  private async complete(error: unknown): Promise<unknown> {
    if (!(error instanceof Failure) || error.code !== 'invalid_input') return error;
    const { problems, input } = (error as Failure<'invalid_input'>).details;
    if (!(input instanceof RegisterRequest)) return error;
    return new Failure('invalid_input', { problems: [...(await this.problemsOf(input, problems)), ...problems] });
  }
}

function unique(field: string, message: string): Problem {
  return { in: 'body', field, rule: 'unique', message };
}

function rethrow(error: unknown): never {
  throw error;
}
