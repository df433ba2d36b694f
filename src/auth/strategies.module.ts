import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { TokensModule } from '../tokens/tokens.module.js';
import { AuthModule } from './auth.module.js';
import { JwtStrategy } from './jwt.strategy.js';
import { LocalStrategy } from './local.strategy.js';

/** Passport's strategies belong to the process: for whoever serves requests, and nobody else. */
@Module({ imports: [PassportModule, AuthModule, TokensModule], providers: [LocalStrategy, JwtStrategy] })
export class StrategiesModule {}
