import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Environment } from '../platform/config/environment.js';
import { KeyRing, SIGNING_ALGORITHM } from './key-ring.js';
import { KeyRotationService } from './key-rotation.service.js';
import { KeyStore } from './key-store.js';
import { OneTimeToken } from './one-time-token.entity.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';
import { SecurityEvent } from './security-event.entity.js';
import { SecurityEventsService } from './security-events.service.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SigningKey } from './signing-key.entity.js';
import { TokenCodec } from './token-codec.js';
import { TokenIssuer } from './token-issuer.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Session, OneTimeToken, SigningKey, SecurityEvent]),
    JwtModule.registerAsync({
      inject: [Environment],
      useFactory: ({ issuer }: Environment) => ({
        signOptions: { algorithm: SIGNING_ALGORITHM, issuer, audience: issuer },
        verifyOptions: { algorithms: [SIGNING_ALGORITHM], issuer, audience: issuer },
      }),
    }),
  ],
  providers: [
    KeyStore,
    KeyRing,
    KeyRotationService,
    SecurityEventsService,
    TokenIssuer,
    TokenCodec,
    SessionsService,
    OneTimeTokensService,
  ],
  exports: [KeyStore, KeyRing, SecurityEventsService, TokenIssuer, TokenCodec, SessionsService, OneTimeTokensService],
})
export class TokensModule {}
