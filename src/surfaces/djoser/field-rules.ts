import { Injectable } from '@nestjs/common';
import { AccountService } from '../../auth/account.service.js';
import type { Caller } from '../../auth/callers.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure, type Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN, WRONG_PASSWORD } from './failures.js';
import { CreateUserRequest, SetEmailRequest, SetPasswordRequest } from './requests.js';

type IsSound = (field: string) => boolean;

@Injectable()
export class CreateUserRules extends LateRules<CreateUserRequest> {
  protected readonly body = CreateUserRequest;

  constructor(private readonly registrations: RegistrationService) {
    super();
  }

  protected async problemsOf(body: CreateUserRequest, isSound: IsSound): Promise<Problem[]> {
    if (!isSound('email')) return [];
    const { email } = await this.registrations.taken(parseEmailAddress(body.email), null);
    return email ? [lateProblem('email', 'unique', EMAIL_TAKEN)] : [];
  }
}

@Injectable()
export class SetPasswordRules extends LateRules<SetPasswordRequest> {
  protected readonly body = SetPasswordRequest;

  constructor(private readonly accounts: AccountService) {
    super();
  }

  protected problemsOf(body: SetPasswordRequest, isSound: IsSound, caller: Caller): Promise<Problem[]> {
    return isSound('current_password') ? wrongPassword(this.accounts, caller, body) : Promise.resolve([]);
  }
}

@Injectable()
export class SetEmailRules extends LateRules<SetEmailRequest> {
  protected readonly body = SetEmailRequest;

  constructor(
    private readonly accounts: AccountService,
    private readonly registrations: RegistrationService,
  ) {
    super();
  }

  protected async problemsOf(body: SetEmailRequest, isSound: IsSound, caller: Caller): Promise<Problem[]> {
    return [
      ...(isSound('new_email') && (await this.isTaken(body.new_email, caller))
        ? [lateProblem('new_email', 'unique', EMAIL_TAKEN)]
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
  try {
    await accounts.assertCurrentPassword(caller, current_password);
    return [];
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'wrong_current_password') throw error;
    return [lateProblem('current_password', 'password', WRONG_PASSWORD)];
  }
}
