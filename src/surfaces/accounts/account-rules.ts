import { Injectable } from '@nestjs/common';
import { LinkTargets } from '../../auth/link-targets.js';
import { RegistrationService } from '../../auth/registration.service.js';
import type { Problem } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { LateRules, lateProblem } from '../kit/drf/late-rules.js';
import { BASE_URL_REFUSED, EMAIL_TAKEN, USERNAME_TAKEN } from './failures.js';
import { withOneNameOfTheId } from './letters.js';
import { EmailRequest, RegistrationRequest } from './requests.js';

/** Whether a name is taken, and whether a mailed link may lead where the caller wants it to. */
@Injectable()
export class AccountRules extends LateRules {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly targets: LinkTargets,
  ) {
    super();
  }

  /** The template of a mailed link: at the address that the caller chose, if it did and may, or `otherwise`. */
  linkOf({ verification_base_url: chosen }: RegistrationRequest | EmailRequest, otherwise: string): string {
    return this.templateOf(chosen) ?? otherwise;
  }

  protected async problemsOf(body: object, isSound: (field: string) => boolean): Promise<Problem[]> {
    if (!(body instanceof RegistrationRequest || body instanceof EmailRequest)) return [];
    const { verification_base_url: chosen } = body;
    const isRefused = isSound('verification_base_url') && chosen && this.templateOf(chosen) === null;
    return [
      ...(body instanceof RegistrationRequest ? await this.namesTaken(body, isSound) : []),
      ...(isRefused ? [lateProblem('verification_base_url', 'target', BASE_URL_REFUSED)] : []),
    ];
  }

  private async namesTaken(body: RegistrationRequest, isSound: (field: string) => boolean): Promise<Problem[]> {
    const taken = await this.registrations.taken(
      isSound('email') ? parseEmailAddress(body.email) : null,
      isSound('username') ? body.username : null,
    );
    return [
      ...(taken.username ? [lateProblem('username', 'unique', USERNAME_TAKEN)] : []),
      ...(taken.email ? [lateProblem('email', 'unique', EMAIL_TAKEN)] : []),
    ];
  }

  private templateOf(chosen: string | undefined): string | null {
    return chosen ? this.targets.templateOf(withOneNameOfTheId(chosen)) : null;
  }
}
