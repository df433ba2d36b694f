import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ProfileModule } from '../../profile/profile.module.js';
import { TokensModule } from '../../tokens/tokens.module.js';
import { UsersModule } from '../../users/users.module.js';
import type { Surface } from '../kit/surface.js';
import { AccountRules } from './account-rules.js';
import { AccountsController } from './accounts.controller.js';
import { failures } from './failures.js';
import { AccountsSettings } from './settings.js';

@Module({
  imports: [AuthModule, TokensModule, UsersModule, ProfileModule],
  controllers: [AccountsController],
  providers: [AccountRules],
})
class AccountsModule {}

export const accounts: Surface = {
  name: 'accounts',
  module: AccountsModule,
  settings: AccountsSettings,
  unmatched: { prefix: '/accounts/', words: failures },
  document: {
    title: 'JWT Authetication API',
    trailingSlash: true,
    alsoAt: '/accounts/api/spectacular/',
    describe: (builder) =>
      builder
        .setVersion('1.0.0')
        .setDescription(
          'Key Features: API Endpoints are provided for New User Registration, Login, Account Activation Token Via ' +
            'Email verification | Get New Token for email verification | Only Verified users can login into dashboard | ' +
            'Visit to user dashboard | Get user profile | Update User Profile | Change User Old Password | Watch User ' +
            'Histroy | Reset Forgetton Password Via Email Verification | Set Forgetton Password more ...',
        )
        .addTag('accounts', 'Accounts with mailed links, profiles and a dashboard.'),
  },
};
