import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN } from './failures.js';
import { SignupRequest } from './requests.js';

/** Whether an address is taken is a rule of its field like any other. */
@Injectable()
export class TakenEmailInterceptor extends LateRules {
  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected async problemsOf(body: object, isSound: (field: string) => boolean): Promise<Problem[]> {
    if (!(body instanceof SignupRequest)) return [];
    const taken = await this.registrations.taken(isSound('email') ? parseEmailAddress(body.email) : null, null);
    return taken.email ? [lateProblem('email', 'unique', EMAIL_TAKEN)] : [];
  }
}
