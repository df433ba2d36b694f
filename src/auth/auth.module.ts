import { Module } from '@nestjs/common';
import { LimitsModule } from '../limits/limits.module.js';
import { MailModule } from '../mail/mail.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountService } from './account.service.js';
import { Concealment } from './concealment.js';
import { CallersService } from './callers.service.js';
import { ExplanationService } from './explanation.service.js';
import { HousekeepingService } from './housekeeping.service.js';
import { InspectionService } from './inspection.service.js';
import { LinkTargets } from './link-targets.js';
import { IntrospectionService } from './introspection.service.js';
import { LoginService } from './login.service.js';
import { OneTimeLinksService } from './one-time-links.service.js';
import { OperatorService } from './operator.service.js';
import { PasswordsService } from './passwords.service.js';
import { RecoveryService } from './recovery.service.js';
import { RefreshService } from './refresh.service.js';
import { RegistrationService } from './registration.service.js';

@Module({
  imports: [UsersModule, TokensModule, MailModule, LimitsModule],
  providers: [
    PasswordsService,
    Concealment,
    CallersService,
    LoginService,
    OneTimeLinksService,
    RefreshService,
    RegistrationService,
    RecoveryService,
    AccountService,
    InspectionService,
    IntrospectionService,
    ExplanationService,
    OperatorService,
    HousekeepingService,
    LinkTargets,
  ],
  exports: [
    PasswordsService,
    LoginService,
    RefreshService,
    RegistrationService,
    RecoveryService,
    AccountService,
    CallersService,
    InspectionService,
    LinkTargets,
    IntrospectionService,
    ExplanationService,
    OperatorService,
  ],
})
export class AuthModule {}
