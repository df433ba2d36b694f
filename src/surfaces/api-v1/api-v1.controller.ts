import { Body, Get, Param, Post, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller as SignedIn } from '../../auth/callers.service.js';
import { LoginService, type AuthenticatedAccount, type LoginOutcome } from '../../auth/login.service.js';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RefreshService } from '../../auth/refresh.service.js';
import { PicturesService } from '../../profile/pictures.service.js';
import { SessionsService } from '../../tokens/sessions.service.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { Caller, ClientOf, type Client } from '../kit/caller.js';
import { errorSchemas } from '../kit/fastapi/wording.js';
import { LoginGuard } from '../kit/login.guard.js';
import { Operation } from '../kit/operation.js';
import { SurfaceController } from '../kit/surface.js';
import { failures, resetFailures } from './failures.js';
import { resetLetter } from './letters.js';
import { RefreshCookie } from './refresh-cookie.js';
import { RefreshGuard } from './refresh.guard.js';
import { LoginRequest, RecoveryPath, RefreshRequest, ResetPasswordRequest } from './requests.js';
import { LoginResponse, MessageResponse, TokenResponse, UserResponse } from './responses.js';
import { ApiV1Settings, NAME } from './settings.js';

const COOKIE_SET = { 'Set-Cookie': 'The refresh token as `refresh_token`, for `/api/v1/auth` only.' };

@SurfaceController({
  path: 'api/v1/auth',
  words: failures,
  errorSchemas,
  tag: 'Authentication',
  methodBeforeAccess: true,
})
export class ApiV1Controller {
  constructor(
    private readonly settings: ApiV1Settings,
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly recovery: RecoveryService,
    private readonly sessions: SessionsService,
    private readonly cookie: RefreshCookie,
    private readonly pictures: PicturesService,
  ) {}

  @Post('login')
  @UseGuards(LoginGuard(LoginRequest, 'username', 'email_or_username'))
  @Operation({
    access: 'public',
    summary: 'Log in',
    description: 'With a username or an e-mail address. The refresh token comes as a cookie, too.',
    body: LoginRequest,
    bodyExample: { username: 'john', password: 'strongpassword123' },
    answer: { status: 200, type: LoginResponse, description: 'A new session', headers: COOKIE_SET },
    failures: ['invalid_input', 'wrong_credentials', 'overloaded', 'too_many_requests'],
  })
  async login(
    @Caller() account: AuthenticatedAccount,
    @ClientOf() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LoginResponse> {
    const { user, tokens } = await this.open(account, client, this.settings.API_V1_REFRESH_TTL);
    this.cookie.set(reply, tokens);
    return LoginResponse.of(user, tokens);
  }

  @Post('token')
  @UseGuards(LoginGuard(LoginRequest, 'username', 'email_or_username'))
  @Operation({
    access: 'public',
    summary: 'Get an access token',
    description:
      'The password flow of OAuth 2.0 (RFC 6749, section 4.3), for the Authorize button of these documents. There is no ' +
      'refresh token: the session ends when the access token expires.',
    body: LoginRequest,
    bodyExample: { grant_type: 'password', username: 'john', password: 'strongpassword123' },
    answer: { status: 200, type: TokenResponse, description: 'A new session' },
    failures: ['invalid_input', 'wrong_credentials', 'overloaded', 'too_many_requests'],
  })
  async token(@Caller() account: AuthenticatedAccount, @ClientOf() client: Client): Promise<TokenResponse> {
    const { tokens } = await this.open(account, client, this.settings.API_V1_ACCESS_TTL);
    return TokenResponse.of(tokens);
  }

  @Post('refresh')
  @UseGuards(RefreshGuard)
  @Operation({
    access: 'public',
    takesToken: true,
    summary: 'Refresh',
    description:
      'Exchanges a refresh token for a new pair. One in the body needs the access token beside it, which may have ' +
      'expired; without a token in the body, the cookie of the login is enough. The session ends when it would have ' +
      'ended anyway.',
    body: RefreshRequest,
    bodyExample: { token: 'REFRESH_TOKEN', expires_in: 31_536_000, token_type: 'bearer' },
    answer: { status: 200, type: LoginResponse, description: 'The next pair of tokens', headers: COOKIE_SET },
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
  async refresh(
    @Body() { token }: RefreshRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LoginResponse> {
    const { user, tokens } = await this.refreshes.rotateForOwner(token, [NAME]);
    this.cookie.set(reply, tokens);
    return LoginResponse.of(user, tokens);
  }

  @Get('me')
  @Operation({
    access: 'protected',
    summary: 'Current user',
    answer: { status: 200, type: UserResponse, description: 'Whoever the access token belongs to' },
  })
  me(@Caller() { user }: SignedIn): UserResponse {
    return UserResponse.of(user, this.pictures.urlOf(user.picture));
  }

  @Post('password-recovery/:email')
  @Operation({
    access: 'public',
    summary: 'Recover a password',
    description: 'Mails a link, if the address has an account. The answer does not tell.',
    answer: {
      status: 200,
      type: MessageResponse,
      description: 'Whether or not there is such an account',
      example: { message: 'Password recovery email sent.' },
    },
    failures: ['too_many_requests'],
  })
  async recover(@Param() { email }: RecoveryPath): Promise<MessageResponse> {
    await this.recovery.askForLink(parseEmailAddress(email), resetLetter(this.settings));
    return { message: 'Password recovery email sent.' };
  }

  @Post('reset-password')
  @Operation({
    access: 'public',
    summary: 'Reset a password',
    description: 'Sets the password by the mailed link, and ends every session of the account.',
    body: ResetPasswordRequest,
    bodyExample: { token: 'RESET_TOKEN', new_password: 'newpassword123' },
    answer: {
      status: 200,
      type: MessageResponse,
      description: 'The password is set',
      example: { message: 'Password updated successfully' },
    },
    failures: ['invalid_input', 'one_time_token_invalid', 'weak_password', 'overloaded'],
    words: resetFailures,
  })
  async resetPassword(@Body() { token, new_password: password }: ResetPasswordRequest): Promise<MessageResponse> {
    await this.recovery.resetByLink(token, password);
    return { message: 'Password updated successfully' };
  }

  @Post('logout')
  @Operation({
    access: 'protected',
    summary: 'Log out',
    description: 'Ends the session: none of its tokens is good from now on. The cookie goes, too.',
    answer: {
      status: 200,
      type: MessageResponse,
      description: 'The session has ended',
      headers: { 'Set-Cookie': 'Takes the cookie of the login away.' },
    },
  })
  async logout(
    @Caller() { session }: SignedIn,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessageResponse> {
    await this.sessions.end(session.id, 'logout');
    this.cookie.clear(reply);
    return { message: 'Logged out successfully.' };
  }

  private open(account: AuthenticatedAccount, client: Client, refreshTtl: number): Promise<LoginOutcome> {
    const { API_V1_ACCESS_TTL: accessTtl } = this.settings;
    return this.logins.open(account, { terms: { surface: NAME, accessTtl, refreshTtl, shownId: 'number' }, client });
  }
}
