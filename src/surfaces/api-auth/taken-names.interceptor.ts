import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/** Whether a name is taken is a rule of its field like any other. */
@Injectable()
export class TakenNamesInterceptor extends LateRules {
  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected async problemsOf(body: object, isSound: (field: string) => boolean): Promise<Problem[]> {
    if (!(body instanceof RegisterRequest)) return [];
    const taken = await this.registrations.taken(
      isSound('email') ? parseEmailAddress(body.email) : null,
      isSound('username') ? body.username || null : null,
    );
    return [
      ...(taken.email ? [lateProblem('email', 'unique', EMAIL_TAKEN)] : []),
      ...(taken.username ? [lateProblem('username', 'unique', USERNAME_TAKEN)] : []),
    ];
  }
}
