import { Injectable } from '@nestjs/common';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { FieldRulesInterceptor, problem, type Fields } from '../kit/drf/field-rules.interceptor.js';
import { EMAIL_TAKEN, USERNAME_TAKEN } from './failures.js';
import { RegisterRequest } from './requests.js';

/** Whether a name is taken is a rule of its field like any other. */
@Injectable()
export class TakenNamesInterceptor extends FieldRulesInterceptor<RegisterRequest> {
  protected override readonly input = RegisterRequest;

  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected override async problemsOf({ body, isSound }: Fields<RegisterRequest>): Promise<Problem[]> {
    const taken = await this.registrations.taken(
      isSound('email') ? parseEmailAddress(body.email) : null,
      isSound('username') ? body.username || null : null,
    );
    return [
      ...(taken.email ? [problem('email', 'unique', EMAIL_TAKEN)] : []),
      ...(taken.username ? [problem('username', 'unique', USERNAME_TAKEN)] : []),
    ];
  }
}
