import { Seconds } from '../kit/settings.js';

/** The variables of surface 004. */
export class ApiAuthCamelSettings {
  @Seconds()
  API_AUTH_CAMEL_ACCESS_TTL = 2_592_000;

  @Seconds()
  API_AUTH_CAMEL_REFRESH_TTL = 7_776_000;
}
