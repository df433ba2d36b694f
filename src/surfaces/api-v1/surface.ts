import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ProfileModule } from '../../profile/profile.module.js';
import { TokensModule } from '../../tokens/tokens.module.js';
import type { Surface } from '../kit/surface.js';
import { ApiV1Controller } from './api-v1.controller.js';
import { failures } from './failures.js';
import { RefreshCookie } from './refresh-cookie.js';
import { ApiV1Settings } from './settings.js';

@Module({
  imports: [AuthModule, ProfileModule, TokensModule],
  controllers: [ApiV1Controller],
  providers: [RefreshCookie],
})
class ApiV1Module {}

export const apiV1: Surface = {
  name: 'api-v1',
  module: ApiV1Module,
  settings: ApiV1Settings,
  unmatched: { prefix: '/api/v1/', words: failures },
  stamp: (elapsed) => ({ 'x-process-time': String(elapsed / 1000) }),
  tokenEndpoint: '/api/v1/auth/token',
  document: {
    title: 'Authentication by form and cookie',
    trailingSlash: false,
    describe: (builder) =>
      builder
        .setVersion('1.0.0')
        .setDescription('Log in by a form, stay logged in by a cookie, and recover a password: `/api/v1/auth/…`.')
        .addTag('Authentication', 'Token objects, a refresh cookie, integer ids, and errors as FastAPI lists them.'),
  },
};
