import { Body, Post } from '@nestjs/common';
import { IntrospectionService } from '../../auth/introspection.service.js';
import { TokenIssuer } from '../../tokens/token-issuer.js';
import { SurfaceController } from '../kit/surface.js';
import { ClientOperation } from './client.guard.js';
import { failures } from './failures.js';
import { TokenRequest } from './requests.js';
import { IntrospectionResponse, RevocationResponse } from './responses.js';

/** What services ask about tokens. */
@SurfaceController({ path: 'oauth', words: failures, tag: 'Tokens', methodBeforeAccess: true, negotiates: true })
export class OAuthController {
  constructor(
    private readonly tokens: IntrospectionService,
    private readonly issuer: TokenIssuer,
  ) {}

  @Post('introspect')
  @ClientOperation('introspect', {
    summary: 'Is this token good now?',
    description: 'Asks what our own routes ask: the signature, the kind, the session and the account (RFC 7662).',
    body: TokenRequest,
    answer: { status: 200, type: IntrospectionResponse, description: 'What the token is worth at this moment' },
    failures: ['invalid_input'],
  })
  async introspect(@Body() { token }: TokenRequest): Promise<IntrospectionResponse> {
    return IntrospectionResponse.of(await this.tokens.introspect(token), this.issuer.name);
  }

  @Post('revoke')
  @ClientOperation('revoke', {
    summary: 'End the session of a token',
    description: 'Every token of the session is refused from now on (RFC 7009). Unknown tokens are answered alike.',
    body: TokenRequest,
    answer: { status: 200, type: RevocationResponse, description: 'The token is good for nothing' },
    failures: ['invalid_input'],
  })
  async revoke(@Body() { token }: TokenRequest): Promise<RevocationResponse> {
    await this.tokens.revoke(token);
    return {};
  }
}
