import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ClientsModule } from '../../clients/clients.module.js';
import { TokensModule } from '../../tokens/tokens.module.js';
import { CLIENT_SCHEME } from '../kit/operation.js';
import type { Surface } from '../kit/surface.js';
import { EventsController } from './events.controller.js';
import { failures } from './failures.js';
import { OAuthController } from './oauth.controller.js';
import { WellKnownController } from './well-known.controller.js';

@Module({
  imports: [AuthModule, TokensModule, ClientsModule],
  controllers: [WellKnownController, OAuthController, EventsController],
})
class OAuthModule {}

export const oauth: Surface = {
  name: 'oauth',
  module: OAuthModule,
  unmatched: { prefix: '/oauth/', words: failures },
  document: {
    title: 'Service to service',
    trailingSlash: false,
    describe: (builder) =>
      builder
        .setVersion('1.0.0')
        .setDescription('For services that are shown our tokens: verify them offline, ask about them, end them.')
        .addTag('Discovery', 'What anybody may know.')
        .addTag('Tokens', 'For service clients: `ostiary client create` makes them.')
        .addBasicAuth(
          { type: 'http', scheme: 'basic', description: 'The id and the secret of a service client.' },
          CLIENT_SCHEME,
        ),
  },
};
