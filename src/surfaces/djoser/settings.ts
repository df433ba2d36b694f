import { DisplayName, LinkTemplate, Seconds } from '../kit/settings.js';

/** The variables of surface 003. */
export class DjoserSettings {
  @Seconds()
  DJOSER_ACCESS_TTL = 3_600;

  @Seconds()
  DJOSER_REFRESH_TTL = 1_209_600;

  @DisplayName()
  DJOSER_SITE_NAME = 'Ostiary';

  @LinkTemplate('{token}')
  DJOSER_ACTIVATION_URL = '/account/verify-email?uid={uid}&token={token}';

  @LinkTemplate('{token}')
  DJOSER_PASSWORD_RESET_URL = '/account/reset-password?uid={uid}&token={token}';

  @LinkTemplate('{token}')
  DJOSER_EMAIL_RESET_URL = '/account/reset-email?uid={uid}&token={token}';
}
