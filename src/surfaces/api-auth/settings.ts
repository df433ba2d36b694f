import { LinkTemplate, Seconds } from '../kit/settings.js';

/** The variables of surface 000. */
export class ApiAuthSettings {
  @Seconds()
  API_AUTH_ACCESS_TTL = 1_800;

  @Seconds()
  API_AUTH_REFRESH_TTL = 604_800;

  @LinkTemplate('{token}')
  API_AUTH_VERIFY_EMAIL_URL = '/account/verify-email?token={token}';

  @LinkTemplate('{token}')
  API_AUTH_RESET_PASSWORD_URL = '/account/reset-password?token={token}';
}
