import { Injectable } from '@nestjs/common';
import { AccountService } from '../../auth/account.service.js';
import type { Caller } from '../../auth/callers.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure, type Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { EMAIL_TAKEN, WRONG_PASSWORD } from './failures.js';
import { CreateUserRequest, SetEmailRequest, SetPasswordRequest } from './requests.js';

/** Whether an address is taken, and whether the present password is the right one. */
@Injectable()
export class UserRules extends LateRules {
  constructor(
    private readonly accounts: AccountService,
    private readonly registrations: RegistrationService,
  ) {
    super();
  }

  protected async problemsOf(body: object, isSound: (field: string) => boolean, caller: Caller): Promise<Problem[]> {
    const problems: Problem[] = [];
    if (body instanceof CreateUserRequest && isSound('email') && (await this.isTaken(body.email))) {
      problems.push(lateProblem('email', 'unique', EMAIL_TAKEN));
    }
    if (body instanceof SetEmailRequest && isSound('new_email') && (await this.isTaken(body.new_email, caller))) {
      problems.push(lateProblem('new_email', 'unique', EMAIL_TAKEN));
    }
    const asksForPassword = body instanceof SetPasswordRequest || body instanceof SetEmailRequest;
    if (asksForPassword && isSound('current_password') && !(await this.isOf(caller, body.current_password))) {
      problems.push(lateProblem('current_password', 'password', WRONG_PASSWORD));
    }
    return problems;
  }

  /** One's own address has an account, too. */
  private async isTaken(text: string, caller?: Caller): Promise<boolean> {
    const address = parseEmailAddress(text);
    if (caller !== undefined && address?.canonical === caller.user.emailCanonical) return true;
    return (await this.registrations.taken(address, null)).email;
  }

  private async isOf(caller: Caller, password: string): Promise<boolean> {
    try {
      await this.accounts.assertCurrentPassword(caller, password);
      return true;
    } catch (error) {
      if (error instanceof Failure && error.code === 'wrong_current_password') return false;
      throw error;
    }
  }
}
