import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { LimitsService } from '../limits/limits.service.js';
import { MailService } from '../mail/mail.service.js';
import { OneTimeTokensService } from '../tokens/one-time-tokens.service.js';
import { SecurityEventsService } from '../tokens/security-events.service.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { HistoryService } from '../users/history.service.js';
import { UsersService } from '../users/users.service.js';
import { PENDING_DAYS } from './registration.service.js';

/** Days that a finished mail is remembered, with its recipient. */
const MAIL_DAYS = 30;

/** Days that what happened to an account is told. */
const HISTORY_DAYS = 180;

/** Removes what has served its time. Every step may run on several instances at once. */
@Injectable()
export class HousekeepingService {
  private readonly logger = new Logger(HousekeepingService.name);

  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly mail: MailService,
    private readonly history: HistoryService,
    private readonly securityEvents: SecurityEventsService,
    private readonly limits: LimitsService,
  ) {}

  @Cron(CronExpression.EVERY_HOUR)
  async run(): Promise<void> {
    try {
      const removed = {
        accounts: await this.users.erasePending(PENDING_DAYS),
        sessions: await this.sessions.purge(),
        secrets: await this.oneTimeTokens.purge(),
        mails: await this.mail.purge(MAIL_DAYS),
        events: await this.history.purge(HISTORY_DAYS),
        securityEvents: await this.securityEvents.purge(),
        limits: await this.limits.purge(),
      };
      await this.users.purgeReservations();
      this.logger.log(`removed ${JSON.stringify(removed)}`);
    } catch (error) {
      this.logger.warn(`housekeeping stopped short: ${String(error)}`);
    }
  }
}
