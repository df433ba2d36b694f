import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ProfileModule } from '../../profile/profile.module.js';
import type { Surface } from '../kit/surface.js';
import { ApiAuthCamelController } from './api-auth-camel.controller.js';
import { failures } from './failures.js';
import { ApiAuthCamelSettings } from './settings.js';
import { TakenEmailInterceptor } from './taken-email.interceptor.js';
import { UserSettingsController } from './user-settings.controller.js';

@Module({
  imports: [AuthModule, ProfileModule],
  controllers: [ApiAuthCamelController, UserSettingsController],
  providers: [TakenEmailInterceptor],
})
class ApiAuthCamelModule {}

/** Its refresh tokens are exchanged at `/api/auth/token/refresh/`, a route of surface 000. */
export const apiAuthCamel: Surface = {
  name: 'api-auth-camel',
  module: ApiAuthCamelModule,
  settings: ApiAuthCamelSettings,
  unmatched: { prefix: '/api/users/', words: failures },
  document: {
    title: 'Authentication in camelCase',
    trailingSlash: true,
    describe: (builder) =>
      builder
        .setVersion('1.0.0')
        .setDescription(
          'Sign up and be in at once, change address and password, and reset a password by a mailed code: ' +
            '`/api/auth/…` and `/api/users/settings/`. Bodies may be in camelCase or snake_case; answers are in camelCase. ' +
            'A pair of tokens is refreshed at `/api/auth/token/refresh/`.',
        )
        .addTag('Authentication', 'Accounts without verification, and codes instead of links.')
        .addTag('Settings', 'What people tell about themselves.'),
  },
};
