import { Body, Get, Patch, Post, Query, Req, UseGuards, UseInterceptors } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AccountService } from '../../auth/account.service.js';
import type { Caller as SignedIn } from '../../auth/callers.service.js';
import { LoginService, type AuthenticatedAccount } from '../../auth/login.service.js';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure } from '../../failure.js';
import { Caller, ClientOf, type Client } from '../kit/caller.js';
import { complain } from '../kit/drf/complain.js';
import { addressOf } from '../kit/drf/credentials.js';
import { LoginGuard } from '../kit/login.guard.js';
import { Operation } from '../kit/operation.js';
import { isScripted } from '../kit/page.js';
import { SurfaceController } from '../kit/surface.js';
import { changeEmailFailures, changePasswordFailures, failures, newPasswordFailures, SAME_AS } from './failures.js';
import { RESET_CODE_LETTER, VERIFICATION_LETTER } from './letters.js';
import { shownPhoneNumber, storedPhoneNumber } from './phone-number.js';
import {
  ChangeEmailRequest,
  ChangePasswordRequest,
  LoginRequest,
  ResetCodeQuery,
  ResetCodeRequest,
  ResetPasswordRequest,
  SignupRequest,
} from './requests.js';
import {
  EmailResponse,
  MessageResponse,
  SessionTokenResponse,
  SignupResponse,
  SuccessResponse,
  TokensResponse,
} from './responses.js';
import { ApiAuthCamelSettings } from './settings.js';
import { TakenEmailInterceptor } from './taken-email.interceptor.js';

const SESSION_TOKEN = /^[0-9A-Za-z]{32}$/;

const NEW_PASSWORDS_DIFFER = "New passwords don't match!";

const passwordsDiffer = (): Failure => complain('nonFieldErrors', SAME_AS, "Passwords don't match!");
const newPasswordsDiffer = (field: string): Failure => complain(field, SAME_AS, NEW_PASSWORDS_DIFFER);

@SurfaceController({ path: 'api/auth', words: failures, tag: 'Authentication', negotiates: true })
export class ApiAuthCamelController {
  constructor(
    private readonly settings: ApiAuthCamelSettings,
    private readonly registrations: RegistrationService,
    private readonly logins: LoginService,
    private readonly accounts: AccountService,
    private readonly recovery: RecoveryService,
    private readonly takenEmail: TakenEmailInterceptor,
  ) {}

  @Post('signup/')
  @UseInterceptors(TakenEmailInterceptor)
  @Operation({
    access: 'public',
    summary: 'Sign up',
    description: 'Makes an account that can log in at once.',
    body: SignupRequest,
    answer: { status: 201, type: SignupResponse, description: 'The account is made' },
    failures: ['invalid_input', 'email_taken', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { passwords_differ: passwordsDiffer() },
  })
  async signup(@Body() body: SignupRequest): Promise<SignupResponse> {
    await this.takenEmail.assertKept(body);
    if (body.password !== body.password2) throw passwordsDiffer();
    const email = addressOf(body.email);
    const phoneNumber = storedPhoneNumber(body.phoneNumber) ?? null;
    await this.registrations.register(
      { email, password: body.password, phoneNumber },
      { state: 'active', letter: VERIFICATION_LETTER },
    );
    return { email: email.shown, phoneNumber: shownPhoneNumber(phoneNumber) };
  }

  @Post('get-token/')
  @UseGuards(LoginGuard(LoginRequest, 'email', 'email'))
  @Operation({
    access: 'public',
    summary: 'Log in',
    body: LoginRequest,
    answer: { status: 200, type: TokensResponse, description: 'A new session' },
    failures: ['invalid_input', 'wrong_credentials', 'overloaded', 'too_many_requests'],
  })
  async getToken(@Caller() account: AuthenticatedAccount, @ClientOf() client: Client): Promise<TokensResponse> {
    const { API_AUTH_CAMEL_ACCESS_TTL: accessTtl, API_AUTH_CAMEL_REFRESH_TTL: refreshTtl } = this.settings;
    const terms = { surface: 'api-auth-camel', accessTtl, refreshTtl, shownId: 'number' } as const;
    return TokensResponse.of(await this.logins.open(account, { terms, client }));
  }

  @Patch('change-email/')
  @Operation({
    access: 'protected',
    summary: 'Change the e-mail address',
    description: 'At once; the new address is unverified, and the old one gets a notice.',
    body: ChangeEmailRequest,
    answer: { status: 200, type: EmailResponse, description: 'The address, as it was sent' },
    failures: ['invalid_input', 'email_taken', 'too_many_requests'],
    words: changeEmailFailures,
  })
  async changeEmail(@Body() body: ChangeEmailRequest, @Caller() caller: SignedIn): Promise<EmailResponse> {
    await this.accounts.changeEmail(caller, addressOf(body.email));
    return { email: body.email };
  }

  @Patch('change-password/')
  @Operation({
    access: 'protected',
    summary: 'Change the password',
    description: 'Ends every other session of the account.',
    body: ChangePasswordRequest,
    answer: { status: 200, type: MessageResponse, description: 'The password is changed' },
    failures: ['invalid_input', 'wrong_current_password', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { passwords_differ: newPasswordsDiffer('newPassword2') },
    words: changePasswordFailures,
  })
  async changePassword(@Body() body: ChangePasswordRequest, @Caller() caller: SignedIn): Promise<MessageResponse> {
    if (body.newPassword !== body.newPassword2) {
      await this.accounts.assertCurrentPassword(caller, body.password);
      throw newPasswordsDiffer('newPassword2');
    }
    await this.accounts.changePassword(caller, body.password, body.newPassword);
    return { message: 'Successfully changed password.' };
  }

  @Get('reset-password/')
  @Operation({
    access: 'public',
    summary: 'Send a code to reset the password',
    description:
      'Only for scripts: HEAD requests, prefetches, and whoever opens this address in a browser or shows it as an image ' +
      'send nothing.',
    query: ResetCodeQuery,
    answer: {
      status: 200,
      type: SuccessResponse,
      description: 'The code is on its way',
      example: { success: 'Successfully sent a reset code to lavrenovichae@gmail.com.' },
    },
    failures: ['invalid_input', 'account_unknown', 'forbidden', 'too_many_requests'],
  })
  async sendResetCode(
    @Query() query: ResetCodeQuery,
    @Req() request: FastifyRequest,
  ): Promise<SuccessResponse | undefined> {
    if (request.method === 'HEAD') return undefined;
    if (!isScripted(request)) throw new Failure('forbidden');
    const email = addressOf(query.email);
    const shown = await this.recovery.assertKnown(email);
    await this.recovery.askForCode(email, RESET_CODE_LETTER);
    return { success: `Successfully sent a reset code to ${shown}.` };
  }

  @Post('reset-password/')
  @Operation({
    access: 'public',
    summary: 'Exchange the code for a session token',
    description: 'The code is good once, for ten minutes, and for five tries.',
    body: ResetCodeRequest,
    answer: {
      status: 200,
      type: SessionTokenResponse,
      description: 'What a new password is set with, within ten minutes',
    },
    failures: ['invalid_input', 'account_unknown', 'code_incorrect', 'too_many_requests'],
  })
  async exchangeResetCode(@Body() body: ResetCodeRequest): Promise<SessionTokenResponse> {
    const email = addressOf(body.email);
    await this.recovery.assertKnown(email);
    return { sessionToken: await this.recovery.exchangeCode(email, body.code) };
  }

  @Patch('reset-password/')
  @Operation({
    access: 'public',
    summary: 'Set a new password by a session token',
    description: 'Ends every session of the account.',
    body: ResetPasswordRequest,
    answer: { status: 200, type: SuccessResponse, description: 'The password is set' },
    failures: [
      'invalid_input',
      'account_unknown',
      'one_time_token_invalid',
      'weak_password',
      'overloaded',
      'too_many_requests',
    ],
    complaints: { passwords_differ: newPasswordsDiffer('nonFieldErrors') },
    words: newPasswordFailures,
  })
  async resetPassword(@Body() body: ResetPasswordRequest): Promise<SuccessResponse> {
    const email = addressOf(body.email);
    const shown = await this.recovery.assertKnown(email);
    if (!SESSION_TOKEN.test(body.sessionToken)) throw new Failure('one_time_token_invalid');
    if (body.newPassword !== body.newPassword2) throw newPasswordsDiffer('nonFieldErrors');
    await this.recovery.resetBySessionToken(email, body.sessionToken, body.newPassword);
    return { success: `Successfully changed password for ${shown}.` };
  }
}
