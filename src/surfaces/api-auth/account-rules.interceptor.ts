import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { FieldRulesInterceptor, problem, type Fields } from '../kit/drf/field-rules.interceptor.js';
import { EMAIL_TAKEN, passwordWords, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/** Whether a name is taken or a password easy to guess is a rule of its field like any other. */
@Injectable()
export class AccountRulesInterceptor extends FieldRulesInterceptor<RegisterRequest> {
  protected override readonly input = RegisterRequest;

  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected override async problemsOf({ body, isSound }: Fields<RegisterRequest>): Promise<Problem[]> {
    const email = isSound('email') ? parseEmailAddress(body.email) : null;
    const username = isSound('username') ? body.username || null : null;
    const taken = await this.registrations.taken(email, username);
    const weaknesses = isSound('password') ? this.registrations.weaknesses(body.password, email, username) : [];
    return [
      ...(taken.email ? [problem('email', 'unique', EMAIL_TAKEN)] : []),
      ...(taken.username ? [problem('username', 'unique', USERNAME_TAKEN)] : []),
      ...passwordWords(weaknesses).map((words) => problem('password', 'strength', words)),
    ];
  }
}
