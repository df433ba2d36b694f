import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, from, mergeMap, type Observable } from 'rxjs';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure, type Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { fieldNames } from '../kit/input.js';
import { EMAIL_TAKEN, passwordWords, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/**
 * Whether a name is taken or a password easy to guess is a rule of its field like any other: it is told together with
 * what is wrong with the other fields, before any rule about the body as a whole.
 */
@Injectable()
export class AccountRulesInterceptor implements NestInterceptor {
  constructor(private readonly registrations: RegistrationService) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => from(this.complete(error)).pipe(mergeMap(rethrow))));
  }

  /** All problems of a body, `known` ones included, in the order of the fields. */
  async problemsOf(body: RegisterRequest, known: readonly Problem[] = []): Promise<Problem[]> {
    const isSound = (field: string): boolean => !known.some((problem) => problem.field === field);
    const email = isSound('email') ? parseEmailAddress(body.email) : null;
    const username = isSound('username') ? body.username || null : null;
    const taken = await this.registrations.taken(email, username);
    const weaknesses = isSound('password') ? this.registrations.weaknesses(body.password, email, username) : [];
    const order = fieldNames(RegisterRequest);
    return [
      ...known,
      ...(taken.email ? [broken('email', 'unique', EMAIL_TAKEN)] : []),
      ...(taken.username ? [broken('username', 'unique', USERNAME_TAKEN)] : []),
      ...passwordWords(weaknesses).map((words) => broken('password', 'strength', words)),
    ].toSorted((one, other) => order.indexOf(one.field) - order.indexOf(other.field));
  }

  private async complete(error: unknown): Promise<unknown> {
    if (!(error instanceof Failure) || error.code !== 'invalid_input') return error;
    const { problems, input } = (error as Failure<'invalid_input'>).details;
    if (!(input instanceof RegisterRequest)) return error;
    return new Failure('invalid_input', { problems: await this.problemsOf(input, problems) });
  }
}

function broken(field: string, rule: string, message: string): Problem {
  return { in: 'body', field, rule, message };
}

function rethrow(error: unknown): never {
  throw error;
}
