import { Body, Post, UseGuards } from '@nestjs/common';
import { InspectionService } from '../../auth/inspection.service.js';
import { LoginService, type AuthenticatedAccount } from '../../auth/login.service.js';
import { RefreshService } from '../../auth/refresh.service.js';
import { Caller, ClientOf, type Client } from '../kit/caller.js';
import { LoginGuard } from '../kit/login.guard.js';
import { Operation } from '../kit/operation.js';
import { SurfaceController } from '../kit/surface.js';
import { failures, verifyFailures } from './failures.js';
import { JwtCreateRequest, JwtRefreshRequest, JwtVerifyRequest } from './requests.js';
import { AccessTokenResponse, EmptyResponse, TokenPairResponse } from './responses.js';
import { DjoserSettings } from './settings.js';

const NAME = 'djoser';

@SurfaceController({ path: 'auth/jwt', words: failures, tag: 'Tokens', negotiates: true })
export class JwtController {
  constructor(
    private readonly settings: DjoserSettings,
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly inspections: InspectionService,
  ) {}

  @Post('create/')
  @UseGuards(LoginGuard(JwtCreateRequest, 'email', 'email'))
  @Operation({
    access: 'public',
    summary: 'Log in',
    body: JwtCreateRequest,
    answer: { status: 200, type: TokenPairResponse, description: 'A new session' },
    failures: ['invalid_input', 'wrong_credentials', 'overloaded', 'too_many_requests'],
  })
  async logIn(@Caller() account: AuthenticatedAccount, @ClientOf() client: Client): Promise<TokenPairResponse> {
    const { DJOSER_ACCESS_TTL: accessTtl, DJOSER_REFRESH_TTL: refreshTtl } = this.settings;
    const terms = { surface: NAME, accessTtl, refreshTtl, shownId: 'number' } as const;
    const { tokens } = await this.logins.open(account, { terms, client });
    return TokenPairResponse.of(tokens);
  }

  @Post('refresh/')
  @Operation({
    access: 'public',
    summary: 'Refresh',
    description: 'Gives a new access token. The refresh token stays as it is until the session ends.',
    body: JwtRefreshRequest,
    answer: { status: 200, type: AccessTokenResponse, description: 'The next access token' },
    failures: [
      'invalid_input',
      'refresh_token_invalid',
      'refresh_token_expired',
      'refresh_token_of_wrong_type',
      'session_ended',
      'refresh_for_inactive_account',
      'too_many_requests',
    ],
  })
  async refresh(@Body() body: JwtRefreshRequest): Promise<AccessTokenResponse> {
    const { access } = await this.refreshes.renew(body.refresh, [NAME]);
    return { access };
  }

  @Post('verify/')
  @Operation({
    access: 'public',
    summary: 'Verify a token',
    description: 'Whether a token, of either kind, would be accepted now.',
    body: JwtVerifyRequest,
    answer: { status: 200, type: EmptyResponse, description: 'The token is good' },
    failures: ['invalid_input', 'access_token_invalid', 'access_token_expired', 'session_ended'],
    words: verifyFailures,
  })
  async verify(@Body() body: JwtVerifyRequest): Promise<EmptyResponse> {
    await this.inspections.inspect(body.token, [NAME]);
    return {};
  }
}
