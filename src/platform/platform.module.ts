import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { ReadSettings } from './config/environment.js';
import { Environment } from './config/environment.js';
import { MasterKey } from './crypto/master-key.js';
import { PasswordHasher } from './crypto/password-hasher.js';
import { dataSourceOptions, type DatabaseTarget } from './database/data-source.js';
import { expectMigrated, migrate } from './database/migrate.js';
import { Notifications } from './database/notifications.js';
import { Statements } from './database/statements.js';
import { HealthController } from './health/health.controller.js';
import { TrustedOrigins } from './http/trusted-origins.js';
import { ImageConverter } from './images/image-converter.js';

export interface PlatformOptions extends ReadSettings {
  database: DatabaseTarget;
  /** `SECRET_KEY`, or its stand-in in development. */
  secretKey: string;
  /**
   * `migrate` (the default): the schema is completed first, and a database that is not there yet is waited for.
   * `expect`: the schema has to be complete, and the database there. Throws `PendingMigrations`.
   */
  schema?: 'migrate' | 'expect';
}

/** What carries everything above it and knows nothing about accounts. */
@Global()
@Module({})
export class PlatformModule {
  static register({ environment, settings, database, secretKey, schema = 'migrate' }: PlatformOptions): DynamicModule {
    const provided = [
      { provide: Environment, useValue: environment },
      { provide: MasterKey, useValue: new MasterKey(secretKey, environment.SECRET_KEY_PREVIOUS) },
      { provide: Notifications, useValue: new Notifications(database) },
      ...[...settings].map(([type, value]) => ({ provide: type, useValue: value })),
      PasswordHasher,
      ImageConverter,
      Statements,
      TrustedOrigins,
    ];
    return {
      module: PlatformModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: async () => ({
            ...(await dataSourceOptions(database)),
            autoLoadEntities: true,
            retryAttempts: schema === 'migrate' ? 10 : 0,
            retryDelay: 1_000,
          }),
          dataSourceFactory: async (options) => {
            if (options === undefined) throw new Error('the data source has no options');
            if (schema === 'migrate') await migrate(database);
            else await expectMigrated(database);
            return new DataSource(options).initialize();
          },
        }),
      ],
      controllers: [HealthController],
      providers: provided,
      exports: provided.map((provider) => ('provide' in provider ? provider.provide : provider)),
    };
  }
}
