import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ProfileModule } from '../../profile/profile.module.js';
import { TokensModule } from '../../tokens/tokens.module.js';
import type { Surface } from '../kit/surface.js';
import { ApiAuthController } from './api-auth.controller.js';
import { failures } from './failures.js';
import { ApiAuthSettings } from './settings.js';
import { AccountRulesInterceptor } from './account-rules.interceptor.js';

@Module({
  imports: [AuthModule, ProfileModule, TokensModule],
  controllers: [ApiAuthController],
  providers: [AccountRulesInterceptor],
})
class ApiAuthModule {}

export const apiAuth: Surface = {
  name: 'api-auth',
  module: ApiAuthModule,
  settings: ApiAuthSettings,
  unmatched: { prefix: '/api/auth/', words: failures },
  document: {
    title: 'Authentication',
    trailingSlash: true,
    describe: (builder) =>
      builder
        .setVersion('1.0.0')
        .setDescription('Sign up by mailed link, log in, stay logged in, and reset a password: `/api/auth/…`.')
        .addTag('Authentication', 'Accounts with mailed links, snake_case bodies and UUIDs.'),
  },
};
