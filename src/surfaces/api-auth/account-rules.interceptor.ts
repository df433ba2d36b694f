import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN, passwordWords, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/** Whether a name is taken or a password easy to guess is a rule of its field like any other. */
@Injectable()
export class AccountRulesInterceptor extends LateRules {
  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected async problemsOf(body: object, isSound: (field: string) => boolean): Promise<Problem[]> {
    if (!(body instanceof RegisterRequest)) return [];
    const email = isSound('email') ? parseEmailAddress(body.email) : null;
    const username = isSound('username') ? body.username || null : null;
    const taken = await this.registrations.taken(email, username);
    const weaknesses = isSound('password') ? this.registrations.weaknesses(body.password, email, username) : [];
    return [
      ...(taken.email ? [lateProblem('email', 'unique', EMAIL_TAKEN)] : []),
      ...(taken.username ? [lateProblem('username', 'unique', USERNAME_TAKEN)] : []),
      ...passwordWords(weaknesses).map((words) => lateProblem('password', 'strength', words)),
    ];
  }
}
