import { Injectable } from '@nestjs/common';
import { Environment } from '../platform/config/environment.js';

/** What a verifier has to know of whoever issues our tokens. */
@Injectable()
export class TokenIssuer {
  constructor(private readonly environment: Environment) {}

  /** The `iss` and `aud` of every token. */
  get name(): string {
    return this.environment.issuer;
  }

  /** Where the service is reached, without a trailing slash. */
  get url(): string {
    return this.environment.publicUrl;
  }

  /** Seconds that a copy of the key set may be kept: a key is published that long before it signs. */
  get keySetMaxAge(): number {
    return this.environment.JWKS_MAX_AGE;
  }
}
