import { LinkTemplate, Seconds, Switch } from '../kit/settings.js';

export const NAME = 'api-v1';

/** The variables of surface 002. */
export class ApiV1Settings {
  @Seconds()
  API_V1_ACCESS_TTL = 604_800;

  @Seconds()
  API_V1_REFRESH_TTL = 31_536_000;

  @LinkTemplate('{token}')
  API_V1_RESET_PASSWORD_URL = '/account/reset-password?token={token}';

  @Switch()
  API_V1_COOKIE_SECURE: 'on' | 'off' = 'on';

  unfitForProduction(): readonly string[] {
    return this.API_V1_COOKIE_SECURE === 'off' ? ['API_V1_COOKIE_SECURE may not be off in production'] : [];
  }
}
