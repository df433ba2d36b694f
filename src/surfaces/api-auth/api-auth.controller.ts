import { Body, Delete, Get, Post, Put, Query, Req, Res, UseGuards, UseInterceptors } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller as SignedIn } from '../../auth/callers.service.js';
import { LoginService, type AuthenticatedAccount, type Opening } from '../../auth/login.service.js';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RefreshService } from '../../auth/refresh.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure } from '../../failure.js';
import { ProfileService } from '../../profile/profile.service.js';
import { SessionsService } from '../../tokens/sessions.service.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { Caller, ClientOf, type Client } from '../kit/caller.js';
import { complain } from '../kit/drf/complain.js';
import { addressOf } from '../kit/drf/credentials.js';
import { isFalsy, textOf, unstorable } from '../kit/drf/fields.js';
import { readInput } from '../kit/input.js';
import { LoginGuard } from '../kit/login.guard.js';
import { Operation } from '../kit/operation.js';
import { confirmEmailPage, isScripted, sendPage } from '../kit/page.js';
import { PICTURE_BODY_LIMIT, pictureOf } from '../kit/picture.js';
import { SurfaceController } from '../kit/surface.js';
import { confirmFailures, failures, oneSentenceFailures, logoutFailures } from './failures.js';
import { resetLetter, verificationLetter } from './letters.js';
import {
  AvatarRequest,
  LoginRequest,
  LogoutRequest,
  NewPassword,
  PasswordResetConfirmRequest,
  PasswordResetRequest,
  RefreshRequest,
  RegisterRequest,
  VerifyEmailQuery,
  VerifyEmailRequest,
} from './requests.js';
import {
  DetailResponse,
  LinkLoginResponse,
  LoginResponse,
  MessageResponse,
  RESET,
  ResetLoginResponse,
  TokenPairResponse,
  UserResponse,
  VERIFIED,
} from './responses.js';
import { ApiAuthSettings } from './settings.js';
import { AccountRulesInterceptor } from './account-rules.interceptor.js';

const NAME = 'api-auth';

/** The surfaces whose refresh tokens `token/refresh/` takes: ours, and the camelCase one, which has no route of its own. */
const REFRESHED_HERE = [NAME, 'api-auth-camel'];

const passwordsDiffer = (): Failure => complain('non_field_errors', 'sameAs', "Password confirmation doesn't match");
const tokenMissing = (): Failure => complain('token', 'required', 'Token is required');
const refreshMissing = (): Failure => complain('refresh', 'required', 'Refresh token is required.');
const emailMissing = (): Failure => complain('email', 'required', 'Email is required');
const tokenOrPasswordMissing = (): Failure => complain('token', 'required', 'Token and new password are required.');

@SurfaceController({ path: 'api/auth', words: failures, tag: 'Authentication', negotiates: true })
export class ApiAuthController {
  constructor(
    private readonly settings: ApiAuthSettings,
    private readonly registrations: RegistrationService,
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly recovery: RecoveryService,
    private readonly sessions: SessionsService,
    private readonly profiles: ProfileService,
    private readonly accountRules: AccountRulesInterceptor,
  ) {}

  @Post('register/')
  @UseInterceptors(AccountRulesInterceptor)
  @Operation({
    access: 'public',
    summary: 'Register',
    description: 'Makes an account and mails a link that proves the address.',
    body: RegisterRequest,
    bodyExample: {
      email: 'john@example.com',
      username: 'johnny',
      first_name: 'John',
      last_name: 'Doe',
      password: 'strongpassword123',
      confirm_password: 'strongpassword123',
    },
    answer: { status: 201, type: MessageResponse, description: 'The account is made, and the mail is on its way' },
    failures: ['invalid_input', 'email_taken', 'username_taken', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { passwords_differ: passwordsDiffer() },
  })
  async register(@Body() body: RegisterRequest): Promise<MessageResponse> {
    await this.accountRules.assertKept(body);
    if (body.password !== body.confirm_password) {
      throw passwordsDiffer();
    }
    await this.registrations.register(
      {
        email: addressOf(body.email),
        username: body.username || null,
        password: body.password,
        firstName: body.first_name,
        lastName: body.last_name,
        phoneNumber: body.phone_number || null,
      },
      { state: 'pending', letter: verificationLetter(this.settings) },
    );
    return { message: 'User created successfully. Please check your email for verification link.' };
  }

  @Get('verify-email/')
  @Operation({
    access: 'public',
    summary: 'Verify an e-mail address',
    description:
      'Consumes the token and signs in. Only for scripts: whoever opens this address in a browser gets a page with a ' +
      'button, and HEAD requests and prefetches change nothing.',
    answer: { status: 200, type: LinkLoginResponse, description: 'The address is verified' },
    failures: ['one_time_token_invalid', 'one_time_token_expired'],
    complaints: { token_missing: tokenMissing() },
    words: oneSentenceFailures,
  })
  async verifyByLink(
    @Query() query: VerifyEmailQuery,
    @ClientOf() client: Client,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LinkLoginResponse | undefined> {
    if (request.method === 'HEAD') return undefined;
    return this.verifyForScript(query.token, client, request, reply);
  }

  @Post('verify-email/')
  @Operation({
    access: 'public',
    summary: 'Verify an e-mail address',
    description: 'Consumes the token and signs in. The token comes in the body or in the query.',
    body: VerifyEmailRequest,
    answer: { status: 200, type: LinkLoginResponse, description: 'The address is verified' },
    failures: ['one_time_token_invalid', 'one_time_token_expired'],
    complaints: { token_missing: tokenMissing() },
    words: oneSentenceFailures,
  })
  verifyByPost(
    @Body() body: VerifyEmailRequest,
    @Query() query: VerifyEmailQuery,
    @ClientOf() client: Client,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LinkLoginResponse | undefined> {
    const token = isFalsy(body.token) ? query.token : body.token;
    return this.verifyForScript(token, client, request, reply);
  }

  @Post('login/')
  @UseGuards(LoginGuard(LoginRequest, 'email', 'email'))
  @Operation({
    access: 'public',
    summary: 'Log in',
    body: LoginRequest,
    bodyExample: { email: 'john@example.com', password: 'strongpassword123' },
    answer: { status: 200, type: LoginResponse, description: 'A new session' },
    failures: ['invalid_input', 'wrong_credentials', 'login_before_activation', 'overloaded', 'too_many_requests'],
  })
  async login(@Caller() account: AuthenticatedAccount, @ClientOf() client: Client): Promise<LoginResponse> {
    return LoginResponse.of(await this.logins.open(account, this.opening(client)));
  }

  @Post('token/refresh/')
  @Operation({
    access: 'public',
    summary: 'Refresh',
    description: 'Exchanges a refresh token for a new pair. The session ends when it would have ended anyway.',
    body: RefreshRequest,
    answer: { status: 200, type: TokenPairResponse, description: 'The next pair of tokens' },
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
  async refresh(@Body() body: RefreshRequest): Promise<TokenPairResponse> {
    return TokenPairResponse.of(await this.refreshes.rotate(body.refresh, REFRESHED_HERE));
  }

  @Post('logout/')
  @Operation({
    access: 'protected',
    summary: 'Log out',
    description: 'Ends the session: its access token is refused from now on, too.',
    body: LogoutRequest,
    answer: { status: 200, type: DetailResponse, description: 'The session has ended' },
    failures: ['refresh_token_invalid'],
    complaints: { refresh_missing: refreshMissing() },
    words: logoutFailures,
  })
  async logout(@Body() { refresh }: LogoutRequest, @Caller() caller: SignedIn): Promise<DetailResponse> {
    if (isFalsy(refresh)) throw refreshMissing();
    const hasEnded = await this.sessions.endByRefreshToken(caller.session.id, refresh);
    if (!hasEnded) throw new Failure('refresh_token_invalid');
    return { detail: 'Successfully logged out.' };
  }

  @Post('password-reset/')
  @Operation({
    access: 'public',
    summary: 'Request a password reset',
    description: 'Mails a link, if the address has an account. The answer does not tell.',
    body: PasswordResetRequest,
    answer: {
      status: 200,
      type: DetailResponse,
      description: 'Whether or not there is such an account',
      example: { detail: 'If an account with this email exists, a password reset link has been sent.' },
    },
    failures: ['too_many_requests'],
    complaints: { email_missing: emailMissing() },
    words: oneSentenceFailures,
  })
  async requestReset(@Body() { email }: PasswordResetRequest): Promise<DetailResponse> {
    if (isFalsy(email)) throw emailMissing();
    const flaw = unstorable(email);
    if (flaw !== undefined) throw complain('email', 'storable', flaw);
    await this.recovery.askForLink(parseEmailAddress(email), resetLetter(this.settings));
    return { detail: 'If an account with this email exists, a password reset link has been sent.' };
  }

  @Post('password-reset/confirm/')
  @Operation({
    access: 'public',
    summary: 'Confirm a password reset',
    description: 'Sets the password, ends every session of the account, and signs in anew.',
    body: PasswordResetConfirmRequest,
    bodyExample: { token: 'RESET_TOKEN', password: 'newpassword123' },
    answer: {
      status: 200,
      type: ResetLoginResponse,
      description: 'The password is set',
    },
    failures: ['one_time_token_invalid', 'one_time_token_expired', 'weak_password', 'overloaded'],
    complaints: { token_or_password_missing: tokenOrPasswordMissing() },
    words: confirmFailures,
  })
  async confirmReset(
    @Body() body: PasswordResetConfirmRequest,
    @ClientOf() client: Client,
  ): Promise<LinkLoginResponse> {
    const { token, password } = body;
    if (isFalsy(token) || isFalsy(password)) {
      throw tokenOrPasswordMissing();
    }
    if (typeof token !== 'string') throw new Failure('one_time_token_invalid');
    await this.recovery.inspect(token);
    const fit = readInput(NewPassword, { password }, 'body');
    const login = await this.recovery.resetByLink(token, fit.password, this.opening(client));
    return LinkLoginResponse.of(RESET, login);
  }

  @Get('me/')
  @Operation({
    access: 'protected',
    summary: 'Current user',
    answer: { status: 200, type: UserResponse, description: 'Whoever the access token belongs to' },
  })
  me(@Caller() { user }: SignedIn): UserResponse {
    return UserResponse.of(user);
  }

  @Get('user/')
  @Operation({
    access: 'protected',
    summary: 'Current user, at its other address',
    answer: { status: 200, type: UserResponse, description: 'Whoever the access token belongs to' },
  })
  user(@Caller() caller: SignedIn): UserResponse {
    return this.me(caller);
  }

  @Put('me/avatar/')
  @Operation({
    access: 'protected',
    summary: 'Set the avatar',
    description: 'Replaces the picture of the current user. It is made at most 512 pixels wide and high, and WebP.',
    body: AvatarRequest,
    bodyLimit: PICTURE_BODY_LIMIT,
    answer: { status: 200, type: UserResponse, description: 'The user, with the path of the picture' },
    failures: ['invalid_input', 'malformed_multipart', 'picture_invalid', 'picture_too_large', 'overloaded'],
  })
  async setAvatar(@Body() { avatar }: AvatarRequest, @Caller() caller: SignedIn): Promise<UserResponse> {
    const { user } = await this.profiles.update(caller.user.id, { picture: pictureOf(avatar) });
    return UserResponse.of(user);
  }

  @Delete('me/avatar/')
  @Operation({
    access: 'protected',
    summary: 'Remove the avatar',
    answer: { status: 200, type: UserResponse, description: 'The user, without a picture' },
  })
  async removeAvatar(@Caller() caller: SignedIn): Promise<UserResponse> {
    const { user } = await this.profiles.update(caller.user.id, { picture: null });
    return UserResponse.of(user);
  }

  /** Consumes nothing for whoever is not a script, but shows the page with a button. */
  private async verifyForScript(
    token: unknown,
    client: Client,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<LinkLoginResponse | undefined> {
    if (isScripted(request)) return this.verify(token, client);
    sendPage(reply, 200, confirmEmailPage({ token: textOf(token) ?? '' }));
    return undefined;
  }

  private async verify(token: unknown, client: Client): Promise<LinkLoginResponse> {
    if (isFalsy(token)) throw tokenMissing();
    if (typeof token !== 'string') throw new Failure('one_time_token_invalid');
    return LinkLoginResponse.of(VERIFIED, await this.registrations.verify(token, this.opening(client)));
  }

  private opening(client: Client): Opening {
    const { API_AUTH_ACCESS_TTL: accessTtl, API_AUTH_REFRESH_TTL: refreshTtl } = this.settings;
    return { terms: { surface: NAME, accessTtl, refreshTtl, shownId: 'uuid' }, client };
  }
}
