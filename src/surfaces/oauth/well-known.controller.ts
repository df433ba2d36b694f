import { Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { KeyRing } from '../../tokens/key-ring.js';
import { TokenIssuer } from '../../tokens/token-issuer.js';
import { Operation } from '../kit/operation.js';
import { SurfaceController } from '../kit/surface.js';
import { failures } from './failures.js';
import { JwkSetResponse, MetadataResponse } from './responses.js';

/** What anybody may know. Answers from memory, whatever the database does. */
@SurfaceController({
  path: '.well-known',
  words: failures,
  tag: 'Discovery',
  methodBeforeAccess: true,
  negotiates: true,
})
export class WellKnownController {
  constructor(
    private readonly keys: KeyRing,
    private readonly issuer: TokenIssuer,
  ) {}

  @Get('jwks.json')
  @Operation({
    access: 'public',
    summary: 'The keys that tokens are verified with',
    description:
      'May be kept as long as Cache-Control says: a key is published that long before it signs, and stays until the ' +
      'last token that it signed has expired.',
    answer: { status: 200, type: JwkSetResponse, description: 'A key set (RFC 7517)' },
  })
  jwks(@Res({ passthrough: true }) reply: FastifyReply): JwkSetResponse {
    this.publish(reply);
    return { keys: this.keys.publicJwks() };
  }

  @Get('oauth-authorization-server')
  @Operation({
    access: 'public',
    summary: 'Where everything is',
    answer: { status: 200, type: MetadataResponse, description: 'The metadata of this server (RFC 8414)' },
  })
  metadata(@Res({ passthrough: true }) reply: FastifyReply): MetadataResponse {
    this.publish(reply);
    return MetadataResponse.of(this.issuer);
  }

  /** For every origin, and to be kept. */
  private publish(reply: FastifyReply): void {
    void reply.removeHeader('access-control-allow-credentials').headers({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': `public, max-age=${this.issuer.keySetMaxAge}`,
    });
  }
}
