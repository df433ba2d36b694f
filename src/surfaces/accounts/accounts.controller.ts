import { Body, Get, Param, Post, Query, UseGuards, UseInterceptors } from '@nestjs/common';
import { AccountService } from '../../auth/account.service.js';
import type { Caller as SignedIn } from '../../auth/callers.service.js';
import { idOfUid } from '../../auth/letters.js';
import { LoginService, type AuthenticatedAccount } from '../../auth/login.service.js';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RefreshService } from '../../auth/refresh.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure } from '../../failure.js';
import { Environment } from '../../platform/config/environment.js';
import { PicturesService } from '../../profile/pictures.service.js';
import { ProfileService, type Person } from '../../profile/profile.service.js';
import { TokenCodec } from '../../tokens/token-codec.js';
import { parseEmailAddress, type EmailAddress } from '../../users/email-address.js';
import { HistoryService } from '../../users/history.service.js';
import { Caller, ClientOf, type Client } from '../kit/caller.js';
import { complain } from '../kit/drf/complain.js';
import { LoginGuard } from '../kit/login.guard.js';
import { Operation, type OperationOptions } from '../kit/operation.js';
import { PICTURE_BODY_LIMIT, pictureOf } from '../kit/picture.js';
import { SurfaceController } from '../kit/surface.js';
import { AccountRules } from './account-rules.js';
import { failures, historyFailures, newPasswordFailures } from './failures.js';
import { activationLetter, resetLetter } from './letters.js';
import {
  ChangePasswordRequest,
  EmailRequest,
  HistoryQuery,
  LinkPath,
  LoginRequest,
  ProfileBody,
  RefreshRequest,
  RegistrationRequest,
  SetNewPasswordRequest,
} from './requests.js';
import {
  DashboardResponse,
  HistoryEvent,
  HistoryResponse,
  MessageResponse,
  profileBody,
  RefreshResponse,
  TokensResponse,
} from './responses.js';
import { AccountsSettings } from './settings.js';

const NAME = 'accounts';
const PATH = 'accounts/api';

const EVENTS_ON_DASHBOARD = 10;
const EVENTS_ON_PAGE = 20;

const ACTIVATION_SENT =
  'We have send you account activation link at your registered email address. ' +
  "If you don't receive email than please make sure you have enter registered email address. Thank you!";
const RESET_SENT = 'If this email is registered we have sent you a password reset link.';
const PASSWORD_CHANGED = 'Password changed successfully.';
const PASSWORD_RESET = 'Password reset successfully. Now you can login.';
const ACTIVATED = 'Congrats! your account is successfully activated. Now you can login.';

const PROFILE = {
  country: 'string',
  profession: 'string',
  bio: 'string',
  thoughts: 'string',
  profile_img: 'https://cdn.example.com/me.png',
};

/** One operation at three spellings of its path. */
const SEND_ACTIVATION: OperationOptions = {
  access: 'public',
  summary: 'Get new account activation token',
  description:
    'This endpoint will send new account activation token/link at registered email address. Make sure you app provide ' +
    'registered email address otherwise errors will return. The two tokens of the answer are there for clients that ' +
    'store them and open nothing: the way in is the mailed link.',
  body: EmailRequest,
  bodyExample: { email: 'user@example.com' },
  answer: {
    status: 200,
    type: TokensResponse,
    description: 'After successfull request',
    example: {
      msg: ACTIVATION_SENT,
      access_token: 'lkdfldf.dflkdldfk.sldkdf',
      refresh_token: 'dflkdaoier.dlkdf.oer',
    },
  },
  failures: ['invalid_input', 'account_unknown', 'too_many_requests'],
};

const passwordsDiffer = (): Failure =>
  complain('non_field_errors', 'sameAs', "Password and confirm password doesn't match");
const newPasswordsDiffer = (): Failure =>
  complain('non_field_errors', 'sameAs', "New password and confirm password doesn't match");

@SurfaceController({ path: PATH, words: failures, tag: NAME, negotiates: true })
export class AccountsController {
  constructor(
    private readonly settings: AccountsSettings,
    private readonly environment: Environment,
    private readonly registrations: RegistrationService,
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly recovery: RecoveryService,
    private readonly accounts: AccountService,
    private readonly profiles: ProfileService,
    private readonly pictures: PicturesService,
    private readonly history: HistoryService,
    private readonly tokens: TokenCodec,
    private readonly rules: AccountRules,
  ) {}

  @Post('registration/')
  @UseInterceptors(AccountRules)
  @Operation({
    access: 'public',
    summary: 'New user registration',
    description:
      'This api endpoints enables users to perform create new account on our site, after successfull registration ' +
      'account activation email will automatically send to registered user email address to their activate account.',
    body: RegistrationRequest,
    bodyExample: {
      username: 'some_username',
      email: 'user@example.com',
      password: 'strongpassword123',
      confirm_password: 'strongpassword123',
    },
    answer: {
      status: 201,
      type: MessageResponse,
      description: 'After successfull registration',
      example: { msg: registered('some_username', 'krishna') },
    },
    failures: ['invalid_input', 'email_taken', 'username_taken', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { passwords_differ: passwordsDiffer() },
  })
  async register(@Body() body: RegistrationRequest): Promise<MessageResponse> {
    await this.rules.assertKept(body);
    if (body.password !== body.confirm_password) {
      throw passwordsDiffer();
    }
    await this.registrations.register(
      { email: addressOf(body.email), username: body.username, password: body.password },
      { state: 'pending', letter: activationLetter(this.rules.linkOf(body, this.settings.ACCOUNTS_VERIFY_URL)) },
    );
    return { msg: registered(body.username, this.settings.ACCOUNTS_SIGNATURE) };
  }

  @Post('get/acctivation/token/')
  @UseInterceptors(AccountRules)
  @Operation(SEND_ACTIVATION)
  async sendActivation(@Body() body: EmailRequest): Promise<TokensResponse> {
    await this.rules.assertKept(body);
    const email = addressOf(body.email);
    await this.recovery.assertKnown(email);
    const link = this.rules.linkOf(body, this.settings.ACCOUNTS_VERIFY_URL);
    await this.registrations.resend(email, activationLetter(link));
    return { msg: ACTIVATION_SENT, access_token: this.tokens.signInert(), refresh_token: this.tokens.signInert() };
  }

  @Post('get/accttivation/token/')
  @UseInterceptors(AccountRules)
  @Operation(SEND_ACTIVATION)
  sendActivationAtOtherSpelling(@Body() body: EmailRequest): Promise<TokensResponse> {
    return this.sendActivation(body);
  }

  @Post('get/activation/token/')
  @UseInterceptors(AccountRules)
  @Operation(SEND_ACTIVATION)
  sendActivationAtUsualSpelling(@Body() body: EmailRequest): Promise<TokensResponse> {
    return this.sendActivation(body);
  }

  @Post('verify/token/:uidb64/:token/')
  @Operation({
    access: 'public',
    showsLock: true,
    summary: 'Activate user account by email verification',
    description: 'Token verification and account activation endpoints',
    answer: {
      status: 200,
      type: MessageResponse,
      description: 'After account activated',
      example: { msg: ACTIVATED },
    },
    failures: ['one_time_token_invalid', 'one_time_token_expired'],
  })
  async verify(@Param() link: LinkPath): Promise<MessageResponse> {
    const { userId, token } = partsOf(link);
    await this.registrations.verifyRepeatedly(token, userId);
    return { msg: ACTIVATED };
  }

  @Post('login/')
  @UseGuards(LoginGuard(LoginRequest, 'email', 'email', { verifiedOnly: true }))
  @Operation({
    access: 'public',
    summary: 'Get JWT access and refresh_token to visit user dashboard.',
    description:
      'This endpoint will send access_token and refresh_token after validating user credentials email and password as ' +
      'well account activation status also. If account activated by confirming email address then only user will get ' +
      'access and refresh token.',
    body: LoginRequest,
    bodyExample: { email: 'user@example.com', password: 'strongpassword123' },
    answer: { status: 200, type: TokensResponse, description: 'After successfull email' },
    failures: ['invalid_input', 'wrong_credentials', 'login_before_activation', 'overloaded', 'too_many_requests'],
  })
  async login(@Caller() account: AuthenticatedAccount, @ClientOf() client: Client): Promise<TokensResponse> {
    const { ACCOUNTS_ACCESS_TTL: accessTtl, ACCOUNTS_REFRESH_TTL: refreshTtl } = this.settings;
    const terms = { surface: NAME, accessTtl, refreshTtl, shownId: 'number' } as const;
    return TokensResponse.ofLogin(await this.logins.open(account, { terms, client }));
  }

  @Post('token/refresh/')
  @Operation({
    access: 'public',
    summary: 'Refresh',
    description: 'Exchanges a refresh token for a new pair. The session ends when it would have ended anyway.',
    body: RefreshRequest,
    answer: { status: 200, type: RefreshResponse, description: 'The next pair of tokens' },
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
  async refresh(@Body() body: RefreshRequest): Promise<RefreshResponse> {
    return RefreshResponse.of(await this.refreshes.rotate(body.refresh, [NAME]));
  }

  @Get('dashboard/')
  @Operation({
    access: 'protected',
    summary: 'Get user dashboard',
    answer: { status: 200, type: DashboardResponse, description: 'Whoever the access token belongs to' },
    failures: ['email_not_verified'],
  })
  async dashboard(@Caller() { user }: SignedIn): Promise<DashboardResponse> {
    if (user.emailVerifiedAt === null) throw new Failure('email_not_verified');
    return DashboardResponse.of(user, await this.history.page(user.id, EVENTS_ON_DASHBOARD, 0));
  }

  @Get('get/history/')
  @Operation({
    access: 'protected',
    summary: 'Watch user history',
    description: 'What happened to the account, the newest first. A choice of ours: the source document names no path.',
    answer: { status: 200, type: HistoryResponse, description: 'One page' },
    failures: ['not_found'],
    words: historyFailures,
  })
  async watchHistory(@Query() { page }: HistoryQuery, @Caller() { user }: SignedIn): Promise<HistoryResponse> {
    const number = pageNumber(page);
    const { events, count } = await this.history.page(user.id, EVENTS_ON_PAGE, (number - 1) * EVENTS_ON_PAGE);
    if (number > 1 && events.length === 0) throw new Failure('not_found');
    return {
      history: events.map((event) => HistoryEvent.of(event)),
      count,
      next: number * EVENTS_ON_PAGE < count ? this.historyPage(number + 1) : null,
      previous: number > 1 ? this.historyPage(number - 1) : null,
    };
  }

  @Get('get/profile/')
  @Operation({
    access: 'protected',
    summary: 'Get user profile',
    description: 'Get user profile details such as username, bio, avatar and profession more',
    answer: { status: 200, type: ProfileBody, description: 'What is not told yet is empty', example: PROFILE },
  })
  async profile(@Caller() { user }: SignedIn): Promise<ProfileBody> {
    return this.told(await this.profiles.read(user));
  }

  @Post('update/profile/')
  @Operation({
    access: 'protected',
    summary: 'Update user profile',
    description:
      'Update user profile such as their name, email, bio, profile_img etc. Note: auth token is required. What is not ' +
      'sent stays as it is; a name or an email is not changed here.',
    body: ProfileBody,
    bodyExample: PROFILE,
    bodyLimit: PICTURE_BODY_LIMIT,
    answer: { status: 200, type: ProfileBody, description: 'The whole profile', example: PROFILE },
    failures: [
      'invalid_input',
      'malformed_multipart',
      'picture_not_a_url',
      'picture_invalid',
      'picture_too_large',
      'overloaded',
    ],
  })
  async updateProfile(@Body() body: ProfileBody, @Caller() { user }: SignedIn): Promise<ProfileBody> {
    const { country, profession, bio, thoughts, profile_img } = body;
    const picture = profile_img === undefined ? undefined : pictureOf(profile_img);
    return this.told(await this.profiles.update(user.id, { country, profession, bio, thoughts, picture }));
  }

  @Post('change/password/')
  @Operation({
    access: 'protected',
    summary: 'Change old password',
    description:
      'Change user old password and set new password. Note: auth token is required. Every other session ends.',
    body: ChangePasswordRequest,
    bodyExample: {
      old_password: 'strongpassword123',
      new_password: 'newpassword123',
      confirm_password: 'newpassword123',
    },
    answer: { status: 200, type: MessageResponse, description: 'The password is changed' },
    failures: ['invalid_input', 'wrong_current_password', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { passwords_differ: newPasswordsDiffer() },
    words: newPasswordFailures,
  })
  async changePassword(@Body() body: ChangePasswordRequest, @Caller() caller: SignedIn): Promise<MessageResponse> {
    assertRepeated(body);
    await this.accounts.changePassword(caller, body.old_password, body.new_password);
    return { msg: PASSWORD_CHANGED };
  }

  @Post('forget/password/')
  @UseInterceptors(AccountRules)
  @Operation({
    access: 'public',
    summary: 'Forget reset password link',
    description:
      'This will take registered email address and send reset password link to registerd email address. The answer does ' +
      'not tell whether there is such an account.',
    body: EmailRequest,
    bodyExample: { email: 'user@example.com' },
    answer: {
      status: 200,
      type: MessageResponse,
      description: 'Whether or not there is such an account',
      example: { msg: RESET_SENT },
    },
    failures: ['invalid_input', 'too_many_requests'],
  })
  async forgetPassword(@Body() body: EmailRequest): Promise<MessageResponse> {
    await this.rules.assertKept(body);
    const link = this.rules.linkOf(body, this.settings.ACCOUNTS_RESET_PASSWORD_URL);
    await this.recovery.askForLink(addressOf(body.email), resetLetter(link));
    return { msg: RESET_SENT };
  }

  @Post('set/new/forget/password/:uidb64/:token/')
  @Operation({
    access: 'public',
    showsLock: true,
    summary: 'Set new forget password',
    description: 'Set rest password after performing token verification. Every session of the account ends.',
    body: SetNewPasswordRequest,
    bodyExample: { new_password: 'newpassword123', confirm_password: 'newpassword123' },
    answer: {
      status: 200,
      type: MessageResponse,
      description: 'The password is set',
      example: { msg: PASSWORD_RESET },
    },
    failures: ['invalid_input', 'one_time_token_invalid', 'one_time_token_expired', 'weak_password', 'overloaded'],
    complaints: { passwords_differ: newPasswordsDiffer() },
    words: newPasswordFailures,
  })
  async setNewPassword(@Param() link: LinkPath, @Body() body: SetNewPasswordRequest): Promise<MessageResponse> {
    assertRepeated(body);
    const { userId, token } = partsOf(link);
    await this.recovery.resetByLink(token, body.new_password, undefined, userId);
    return { msg: PASSWORD_RESET };
  }

  private told(person: Person): ProfileBody {
    return profileBody(person, this.pictures.urlOf(person.user.picture));
  }

  private historyPage(number: number): string {
    const query = number === 1 ? '' : `?page=${number}`;
    return `${this.environment.publicUrl}/${PATH}/get/history/${query}`;
  }
}

function registered(username: string, signature: string): string {
  return (
    `Congrats! ${username} your successfully registered to continue login we have sent an account activation email to ` +
    `activate your account. Please verify you email address thank you by admin(${signature}).`
  );
}

function addressOf(email: string): EmailAddress {
  const address = parseEmailAddress(email);
  if (address === null) throw new Error('the rules let something through that is not an address');
  return address;
}

/** Throws `one_time_token_invalid` for what cannot be an account's; whether it is one is asked elsewhere. */
function partsOf({ uidb64, token }: LinkPath): { userId: number; token: string } {
  const userId = idOfUid(String(uidb64));
  if (userId === null) throw new Failure('one_time_token_invalid');
  return { userId, token: String(token) };
}

function assertRepeated(body: { new_password: string; confirm_password: string }): void {
  if (body.new_password === body.confirm_password) return;
  throw newPasswordsDiffer();
}

/** Throws `not_found` for what counts no page. */
function pageNumber(page: unknown): number {
  if (page === undefined || page === '') return 1;
  const number = typeof page === 'string' && /^\d{1,6}$/.test(page) ? Number(page) : 0;
  if (number === 0) throw new Failure('not_found');
  return number;
}
