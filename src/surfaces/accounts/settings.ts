import { DisplayName, LinkTemplate, Seconds } from '../kit/settings.js';

/** The variables of surface 001. */
export class AccountsSettings {
  @Seconds()
  ACCOUNTS_ACCESS_TTL = 3_600;

  @Seconds()
  ACCOUNTS_REFRESH_TTL = 604_800;

  @LinkTemplate('{token}')
  ACCOUNTS_VERIFY_URL = '/account/verify-email?uid={uid}&token={token}';

  @LinkTemplate('{token}')
  ACCOUNTS_RESET_PASSWORD_URL = '/account/reset-password?uid={uid}&token={token}';

  @DisplayName()
  ACCOUNTS_SIGNATURE = 'krishna';
}
