import { Injectable } from '@nestjs/common';
import { AccountService } from '../../auth/account.service.js';
import type { Caller } from '../../auth/callers.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { FieldRulesInterceptor, problem, type Fields } from '../kit/drf/field-rules.interceptor.js';
import { EMAIL_TAKEN, WRONG_PASSWORD } from './failures.js';
import { CreateUserRequest, SetEmailRequest, SetPasswordRequest } from './requests.js';

@Injectable()
export class CreateUserRules extends FieldRulesInterceptor<CreateUserRequest> {
  protected override readonly input = CreateUserRequest;

  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected override async problemsOf({ body, isSound }: Fields<CreateUserRequest>): Promise<Problem[]> {
    if (!isSound('email')) return [];
    const { email } = await this.registrations.taken(parseEmailAddress(body.email), null);
    return email ? [problem('email', 'unique', EMAIL_TAKEN)] : [];
  }
}

@Injectable()
export class SetPasswordRules extends FieldRulesInterceptor<SetPasswordRequest> {
  protected override readonly input = SetPasswordRequest;

  constructor(private readonly accounts: AccountService) {
    super();
  }

  protected override problemsOf({ body, isSound }: Fields<SetPasswordRequest>, caller: Caller): Promise<Problem[]> {
    return isSound('current_password') ? wrongPassword(this.accounts, caller, body) : Promise.resolve([]);
  }
}

@Injectable()
export class SetEmailRules extends FieldRulesInterceptor<SetEmailRequest> {
  protected override readonly input = SetEmailRequest;

  constructor(
    private readonly accounts: AccountService,
    private readonly registrations: RegistrationService,
  ) {
    super();
  }

  protected override async problemsOf({ body, isSound }: Fields<SetEmailRequest>, caller: Caller): Promise<Problem[]> {
    return [
      ...(isSound('new_email') && (await this.isTaken(body.new_email, caller))
        ? [problem('new_email', 'unique', EMAIL_TAKEN)]
        : []),
      ...(isSound('current_password') ? await wrongPassword(this.accounts, caller, body) : []),
    ];
  }

  /** One's own address has an account, too. */
  private async isTaken(text: string, { user }: Caller): Promise<boolean> {
    const address = parseEmailAddress(text);
    if (address?.canonical === user.emailCanonical) return true;
    return (await this.registrations.taken(address, null)).email;
  }
}

async function wrongPassword(
  accounts: AccountService,
  caller: Caller,
  { current_password }: { current_password: string },
): Promise<Problem[]> {
  if (await accounts.isCurrentPassword(caller, current_password)) return [];
  return [problem('current_password', 'password', WRONG_PASSWORD)];
}
