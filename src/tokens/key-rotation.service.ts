import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Environment } from '../platform/config/environment.js';
import { KeyStore } from './key-store.js';

/** Replaces the signing key when it is old, and retires those that are of no use. On whichever instance. */
@Injectable()
export class KeyRotationService {
  private readonly logger = new Logger(KeyRotationService.name);

  constructor(
    private readonly store: KeyStore,
    private readonly environment: Environment,
  ) {}

  @Cron(CronExpression.EVERY_10_MINUTES)
  async run(): Promise<void> {
    try {
      const days = this.environment.SIGNING_KEY_ROTATION;
      const kid = days === 0 ? null : await this.store.rotateIfOlderThan(days);
      if (kid !== null) this.logger.log(`signing key ${kid} is announced`);
      for (const retired of await this.store.retireOutlived()) this.logger.log(`signing key ${retired} is retired`);
    } catch (error) {
      this.logger.warn(`the signing keys were not looked after: ${String(error)}`);
    }
  }
}
