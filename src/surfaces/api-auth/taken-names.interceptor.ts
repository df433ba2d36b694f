import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/** Whether a name is taken is a rule of its field like any other. */
@Injectable()
export class TakenNamesInterceptor extends LateRules<RegisterRequest> {
  protected readonly body = RegisterRequest;

  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected async check(body: RegisterRequest, isSound: (field: string) => boolean): Promise<Problem[]> {
    const taken = await this.registrations.taken(
      isSound('email') ? parseEmailAddress(body.email) : null,
      isSound('username') ? body.username || null : null,
    );
    return [
      ...(taken.email ? [unique('email', EMAIL_TAKEN)] : []),
      ...(taken.username ? [unique('username', USERNAME_TAKEN)] : []),
    ];
  }
}

function unique(field: string, message: string): Problem {
  return { in: 'body', field, rule: 'unique', message };
}
