import { Body, Post } from '@nestjs/common';
import { ExplanationService } from '../../auth/explanation.service.js';
import { IntrospectionService } from '../../auth/introspection.service.js';
import { TokenIssuer } from '../../tokens/token-issuer.js';
import { SurfaceController } from '../kit/surface.js';
import { ClientOperation } from './client.guard.js';
import { describeExplanation } from './explanations.js';
import { failures } from './failures.js';
import { ExplainRequest, TokenRequest } from './requests.js';
import { ExplanationResponse, IntrospectionResponse, RevocationResponse } from './responses.js';

/** What services ask about tokens. */
@SurfaceController({ path: 'oauth', words: failures, tag: 'Tokens', methodBeforeAccess: true, negotiates: true })
export class OAuthController {
  constructor(
    private readonly tokens: IntrospectionService,
    private readonly explanations: ExplanationService,
    private readonly issuer: TokenIssuer,
  ) {}

  @Post('introspect')
  @ClientOperation('introspect', {
    summary: 'Is this token good now?',
    description: 'Asks what our own routes ask: the signature, the kind, the session and the account (RFC 7662).',
    body: TokenRequest,
    answer: { status: 200, type: IntrospectionResponse, description: 'What the token is worth at this moment' },
    failures: ['invalid_input', 'too_many_requests'],
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
    failures: ['invalid_input', 'too_many_requests'],
  })
  async revoke(@Body() { token }: TokenRequest): Promise<RevocationResponse> {
    await this.tokens.revoke(token);
    return {};
  }

  @Post('explain')
  @ClientOperation('explain', {
    summary: 'Why is this token good, or refused?',
    description: 'For people who look for a fault. Whoever lets somebody in asks `introspect`.',
    body: ExplainRequest,
    answer: { status: 200, type: ExplanationResponse, description: 'The reason, as a code and in words' },
    failures: ['invalid_input', 'too_many_requests'],
  })
  async explain(@Body() { token }: ExplainRequest): Promise<ExplanationResponse> {
    const explanation = await this.explanations.explain(token);
    return ExplanationResponse.of(explanation, describeExplanation(explanation));
  }
}
