import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN } from './failures.js';
import { SignupRequest } from './requests.js';

/** Whether an address is taken is a rule of its field like any other. */
@Injectable()
export class TakenEmailInterceptor extends LateRules<SignupRequest> {
  protected readonly body = SignupRequest;

  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected async problemsOf({ email }: SignupRequest, isSound: (field: string) => boolean): Promise<Problem[]> {
    const taken = await this.registrations.taken(isSound('email') ? parseEmailAddress(email) : null, null);
    return taken.email ? [lateProblem('email', 'unique', EMAIL_TAKEN)] : [];
  }
}
