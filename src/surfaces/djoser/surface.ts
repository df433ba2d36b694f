import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ProfileModule } from '../../profile/profile.module.js';
import type { Surface } from '../kit/surface.js';
import { failures } from './failures.js';
import { JwtController } from './jwt.controller.js';
import { OwnAccountGuard } from './own-account.guard.js';
import { DjoserSettings } from './settings.js';
import { UserRules } from './user-rules.js';
import { UsersController } from './users.controller.js';

@Module({
  imports: [AuthModule, ProfileModule],
  controllers: [UsersController, JwtController],
  providers: [UserRules, OwnAccountGuard],
})
class DjoserModule {}

export const djoser: Surface = {
  name: 'djoser',
  module: DjoserModule,
  settings: DjoserSettings,
  unmatched: { prefix: '/auth/', words: failures },
  document: {
    title: 'Users and JSON Web Tokens',
    trailingSlash: true,
    describe: (builder) =>
      builder
        .setVersion('1.0.0')
        .setDescription('What front ends of Djoser and Simple JWT speak: `/auth/users/…` and `/auth/jwt/…`.')
        .addTag('Users', 'Accounts with uid and token in the body, snake_case, integer ids.')
        .addTag('Tokens', 'Log in, get new access tokens, and ask whether a token is still good.'),
  },
};
