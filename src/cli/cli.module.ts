import { Module, type DynamicModule } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { MailModule } from '../mail/mail.module.js';
import { InboxModule } from '../platform/inbox/inbox.module.js';
import { PlatformModule, type PlatformOptions } from '../platform/platform.module.js';
import { TokensModule } from '../tokens/tokens.module.js';

/** The core without surfaces: nothing listens, nothing is sent, nothing happens by the clock. */
@Module({})
export class CliModule {
  static for(options: PlatformOptions): DynamicModule {
    return {
      module: CliModule,
      imports: [
        PlatformModule.register({ ...options, schema: 'expect' }),
        AuthModule,
        TokensModule,
        ClientsModule,
        MailModule,
        ...(options.environment.isProduction ? [] : [InboxModule]),
      ],
    };
  }
}
