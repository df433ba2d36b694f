import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { MailModule } from '../mail/mail.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountService } from './account.service.js';
import { Concealment } from './concealment.js';
import { CallersService } from './callers.service.js';
import { HousekeepingService } from './housekeeping.service.js';
import { IntrospectionService } from './introspection.service.js';
import { JwtStrategy } from './jwt.strategy.js';
import { LocalStrategy } from './local.strategy.js';
import { LoginService } from './login.service.js';
import { OneTimeLinksService } from './one-time-links.service.js';
import { PasswordsService } from './passwords.service.js';
import { RecoveryService } from './recovery.service.js';
import { RefreshService } from './refresh.service.js';
import { RegistrationService } from './registration.service.js';

@Module({
  imports: [PassportModule, UsersModule, TokensModule, MailModule],
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
    IntrospectionService,
    HousekeepingService,
    LocalStrategy,
    JwtStrategy,
  ],
  exports: [
    LoginService,
    RefreshService,
    RegistrationService,
    RecoveryService,
    AccountService,
    CallersService,
    IntrospectionService,
  ],
})
export class AuthModule {}
