import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { StrategiesModule } from './auth/strategies.module.js';
import { InboxModule } from './platform/inbox/inbox.module.js';
import { PlatformModule, type PlatformOptions } from './platform/platform.module.js';
import { ProfileModule } from './profile/profile.module.js';
import * as surfaces from './surfaces/index.js';
import { AccessTokenGuard } from './surfaces/kit/access-token.guard.js';
import { InputPipe } from './surfaces/kit/input.pipe.js';
import { NegotiationGuard } from './surfaces/kit/negotiation.guard.js';
import type { Surface } from './surfaces/kit/surface.js';

/** Every dialect that the service speaks. */
export const SURFACES: readonly Surface[] = Object.values(surfaces);

@Module({})
export class AppModule {
  static for(options: PlatformOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.register(options),
        ScheduleModule.forRoot(),
        StrategiesModule,
        ProfileModule,
        ...(options.environment.isProduction ? [] : [InboxModule]),
        ...SURFACES.map((surface) => surface.module),
      ],
      providers: [
        { provide: APP_GUARD, useClass: NegotiationGuard },
        { provide: APP_GUARD, useClass: AccessTokenGuard },
        { provide: APP_PIPE, useClass: InputPipe },
      ],
    };
  }
}
