import { Body, Delete, Get, Param, Patch, Post, Put, UseGuards, UseInterceptors } from '@nestjs/common';
import { AccountService } from '../../auth/account.service.js';
import type { Caller as SignedIn } from '../../auth/callers.service.js';
import { idOfUid } from '../../auth/letters.js';
import { PasswordsService } from '../../auth/passwords.service.js';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure } from '../../failure.js';
import { ProfileService } from '../../profile/profile.service.js';
import { splitFullName } from '../../users/full-name.js';
import { Caller } from '../kit/caller.js';
import { complain } from '../kit/drf/complain.js';
import { addressOf } from '../kit/drf/credentials.js';
import { textOf } from '../kit/drf/fields.js';
import { Operation, type OperationOptions } from '../kit/operation.js';
import { SurfaceController } from '../kit/surface.js';
import {
  activationFailures,
  createFailures,
  EMAIL_TAKEN,
  EMAILS_DIFFER,
  failures,
  hidingFailures,
  newEmailFailures,
  PASSWORDS_DIFFER,
  UNKNOWN_UID,
} from './failures.js';
import { activationLetter, emailResetLetter, passwordResetLetter } from './letters.js';
import { OwnAccountGuard } from './own-account.guard.js';
import {
  ActivationRequest,
  CreateUserRequest,
  DeleteUserRequest,
  EmailRequest,
  ResetEmailConfirmRequest,
  ResetPasswordConfirmRequest,
  SetEmailRequest,
  SetPasswordRequest,
  UpdateUserRequest,
  UserPath,
} from './requests.js';
import { UserResponse } from './responses.js';
import { DjoserSettings } from './settings.js';
import { UserRules } from './user-rules.js';

const done = (description: string): OperationOptions['answer'] => ({ status: 204, description });

const MAILED = done('Whether or not there is a mail to send');

const differ = (message: string): Failure => complain('non_field_errors', 'sameAs', message);
const unknownUid = (): Failure => complain('uid', 'known', UNKNOWN_UID);

@SurfaceController({ path: 'auth/users', words: failures, tag: 'Users', negotiates: true, optionsNeedAccess: true })
export class UsersController {
  constructor(
    private readonly settings: DjoserSettings,
    private readonly registrations: RegistrationService,
    private readonly recovery: RecoveryService,
    private readonly accounts: AccountService,
    private readonly passwords: PasswordsService,
    private readonly profiles: ProfileService,
    private readonly rules: UserRules,
  ) {}

  @Post('/')
  @UseInterceptors(UserRules)
  @Operation({
    access: 'public',
    summary: 'Register',
    description: 'Makes an account and mails a link that activates it.',
    body: CreateUserRequest,
    bodyExample: {
      email: 'user@example.com',
      password: 'secure-password-123',
      re_password: 'secure-password-123',
    },
    answer: { status: 201, type: UserResponse, description: 'The account is made, and the mail is on its way' },
    failures: ['invalid_input', 'email_taken', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { email_known: complain('email', 'unique', EMAIL_TAKEN), passwords_differ: differ(PASSWORDS_DIFFER) },
    words: createFailures,
  })
  async create(@Body() body: CreateUserRequest): Promise<UserResponse> {
    await this.rules.assertKept(body);
    const { password } = body;
    const email = addressOf(body.email);
    const names = splitFullName(body.name ?? '');
    if (body.re_password !== password) {
      // What is wrong with the password itself comes first.
      this.passwords.assertFit(password, { email: email.canonical, username: null });
      throw differ(PASSWORDS_DIFFER);
    }
    const id = await this.registrations.registerNumbered(
      { email, password, ...names },
      { state: 'pending', letter: activationLetter(this.settings) },
    );
    return UserResponse.of({ id, email: email.shown, ...names });
  }

  @Get('/')
  @Operation({
    access: 'protected',
    summary: 'List the users that one may see',
    answer: { status: 200, type: UserResponse, isList: true, description: 'The caller, and nobody else' },
  })
  list(@Caller() { user }: SignedIn): UserResponse[] {
    return [UserResponse.of(user)];
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

  @Put('me/')
  @Operation({
    access: 'protected',
    summary: 'Update the current user',
    description: 'The e-mail address is accepted and stays as it is; `set_email` changes it.',
    body: UpdateUserRequest,
    answer: { status: 200, type: UserResponse, description: 'The user as it is now' },
    failures: ['invalid_input'],
  })
  async replaceMe(@Body() { name }: UpdateUserRequest, @Caller() { user }: SignedIn): Promise<UserResponse> {
    if (name === undefined) return UserResponse.of(user);
    const changed = await this.profiles.update(user.id, splitFullName(name));
    return UserResponse.of(changed.user);
  }

  @Patch('me/')
  @Operation({
    access: 'protected',
    summary: 'Update the current user in part',
    description: 'The e-mail address is accepted and stays as it is; `set_email` changes it.',
    body: UpdateUserRequest,
    answer: { status: 200, type: UserResponse, description: 'The user as it is now' },
    failures: ['invalid_input'],
  })
  updateMe(@Body() body: UpdateUserRequest, @Caller() caller: SignedIn): Promise<UserResponse> {
    return this.replaceMe(body, caller);
  }

  @Delete('me/')
  @Operation({
    access: 'protected',
    summary: 'Close the account',
    description: 'Erases the account and everything that hangs on it.',
    body: DeleteUserRequest,
    answer: done('The account is gone'),
    failures: ['invalid_input', 'wrong_current_password', 'overloaded', 'too_many_requests'],
  })
  async deleteMe(@Body() body: DeleteUserRequest, @Caller() caller: SignedIn): Promise<void> {
    await this.accounts.close(caller, body.current_password);
  }

  @Post('activation/')
  @Operation({
    access: 'public',
    summary: 'Activate an account',
    description: 'Proves the address by `uid` and `token` of the mailed link.',
    body: ActivationRequest,
    answer: done('The account is active'),
    failures: ['invalid_input', 'one_time_token_invalid', 'one_time_token_used'],
    complaints: { uid_unknown: unknownUid() },
    words: activationFailures,
  })
  async activate(@Body() { uid, token }: ActivationRequest): Promise<void> {
    await this.registrations.verify(token, undefined, await this.userIdOf(uid));
  }

  @Post('resend_activation/')
  @Operation({
    access: 'public',
    summary: 'Resend the activation mail',
    body: EmailRequest,
    answer: MAILED,
    failures: ['invalid_input', 'too_many_requests'],
  })
  async resendActivation(@Body() { email }: EmailRequest): Promise<void> {
    await this.registrations.resend(addressOf(email), activationLetter(this.settings));
  }

  @Post('set_password/')
  @UseInterceptors(UserRules)
  @Operation({
    access: 'protected',
    summary: 'Change the password',
    description: 'Ends every other session.',
    body: SetPasswordRequest,
    answer: done('The password is set'),
    failures: ['invalid_input', 'wrong_current_password', 'weak_password', 'overloaded', 'too_many_requests'],
    complaints: { passwords_differ: differ(PASSWORDS_DIFFER) },
  })
  async setPassword(@Body() body: SetPasswordRequest, @Caller() caller: SignedIn): Promise<void> {
    await this.rules.assertKept(body, caller);
    const { emailCanonical: email, username } = caller.user;
    this.passwords.assertFit(body.new_password, { email, username });
    assertRepeated(body.new_password, body.re_new_password, PASSWORDS_DIFFER);
    await this.accounts.changePassword(caller, null, body.new_password);
  }

  @Post('reset_password/')
  @Operation({
    access: 'public',
    summary: 'Request a password reset',
    description: 'Mails a link, if the address has an account. The answer does not tell.',
    body: EmailRequest,
    answer: MAILED,
    failures: ['invalid_input', 'too_many_requests'],
  })
  async resetPassword(@Body() { email }: EmailRequest): Promise<void> {
    await this.recovery.askForLink(addressOf(email), passwordResetLetter(this.settings));
  }

  @Post('reset_password_confirm/')
  @Operation({
    access: 'public',
    summary: 'Confirm a password reset',
    description: 'Sets the password by `uid` and `token` of the mailed link, and ends every session of the account.',
    body: ResetPasswordConfirmRequest,
    answer: done('The password is set'),
    failures: ['invalid_input', 'weak_password', 'one_time_token_invalid', 'overloaded'],
    complaints: { passwords_differ: differ(PASSWORDS_DIFFER), uid_unknown: unknownUid() },
  })
  async confirmPasswordReset(@Body() body: ResetPasswordConfirmRequest): Promise<void> {
    // Whose it is to be shows only with the link.
    this.passwords.assertFit(body.new_password, { email: null, username: null });
    assertRepeated(body.new_password, body.re_new_password, PASSWORDS_DIFFER);
    const userId = await this.userIdOf(body.uid);
    await this.recovery.resetByLink(body.token, body.new_password, undefined, userId);
  }

  @Post('set_email/')
  @UseInterceptors(UserRules)
  @Operation({
    access: 'protected',
    summary: 'Change the e-mail address',
    description: 'Takes effect at once; the old address gets a notice, and the new one is not verified.',
    body: SetEmailRequest,
    answer: done('The address is set'),
    failures: ['invalid_input', 'wrong_current_password', 'email_taken', 'overloaded', 'too_many_requests'],
    complaints: { emails_differ: differ(EMAILS_DIFFER) },
    words: newEmailFailures,
  })
  async setEmail(@Body() body: SetEmailRequest, @Caller() caller: SignedIn): Promise<void> {
    await this.rules.assertKept(body, caller);
    assertRepeated(body.new_email, body.re_new_email, EMAILS_DIFFER);
    await this.accounts.changeEmail(caller, addressOf(body.new_email));
  }

  @Post('reset_email/')
  @Operation({
    access: 'public',
    summary: 'Request another e-mail address',
    description: 'Mails a link to the present address, if it has an account. The answer does not tell.',
    body: EmailRequest,
    answer: MAILED,
    failures: ['invalid_input', 'too_many_requests'],
  })
  async resetEmail(@Body() { email }: EmailRequest): Promise<void> {
    await this.accounts.askForEmailReset(addressOf(email), emailResetLetter(this.settings));
  }

  @Post('reset_email_confirm/')
  @Operation({
    access: 'public',
    summary: 'Choose another e-mail address',
    description: 'Sets the address by `uid` and `token` of the mailed link, and ends every session of the account.',
    body: ResetEmailConfirmRequest,
    answer: done('The address is set'),
    failures: ['invalid_input', 'one_time_token_invalid', 'email_taken'],
    complaints: { emails_differ: differ(EMAILS_DIFFER), uid_unknown: unknownUid() },
    words: newEmailFailures,
  })
  async confirmEmailReset(@Body() body: ResetEmailConfirmRequest): Promise<void> {
    assertRepeated(body.new_email, body.re_new_email, EMAILS_DIFFER);
    const userId = await this.userIdOf(textOf(body.uid) ?? '');
    if (typeof body.token !== 'string') throw new Failure('one_time_token_invalid');
    await this.accounts.resetEmail(body.token, addressOf(body.new_email), userId);
  }

  @Get(':id/')
  @UseGuards(OwnAccountGuard)
  @Operation({
    access: 'protected',
    summary: 'A user',
    answer: { status: 200, type: UserResponse, description: 'The caller' },
    failures: ['forbidden', 'account_not_found'],
    words: hidingFailures,
  })
  read(@Param() _path: UserPath, @Caller() caller: SignedIn): UserResponse {
    return this.me(caller);
  }

  @Put(':id/')
  @UseGuards(OwnAccountGuard)
  @Operation({
    access: 'protected',
    summary: 'Update a user',
    body: UpdateUserRequest,
    answer: { status: 200, type: UserResponse, description: 'The user as it is now' },
    failures: ['invalid_input', 'forbidden', 'account_not_found'],
    words: hidingFailures,
  })
  replace(
    @Param() _path: UserPath,
    @Body() body: UpdateUserRequest,
    @Caller() caller: SignedIn,
  ): Promise<UserResponse> {
    return this.replaceMe(body, caller);
  }

  @Patch(':id/')
  @UseGuards(OwnAccountGuard)
  @Operation({
    access: 'protected',
    summary: 'Update a user in part',
    body: UpdateUserRequest,
    answer: { status: 200, type: UserResponse, description: 'The user as it is now' },
    failures: ['invalid_input', 'forbidden', 'account_not_found'],
    words: hidingFailures,
  })
  update(@Param() _path: UserPath, @Body() body: UpdateUserRequest, @Caller() caller: SignedIn): Promise<UserResponse> {
    return this.replaceMe(body, caller);
  }

  @Delete(':id/')
  @UseGuards(OwnAccountGuard)
  @Operation({
    access: 'protected',
    summary: 'Close an account',
    body: DeleteUserRequest,
    answer: done('The account is gone'),
    failures: [
      'invalid_input',
      'wrong_current_password',
      'forbidden',
      'account_not_found',
      'overloaded',
      'too_many_requests',
    ],
  })
  async delete(@Param() _path: UserPath, @Body() body: DeleteUserRequest, @Caller() caller: SignedIn): Promise<void> {
    await this.deleteMe(body, caller);
  }

  /** Whose link it says it is; whether it is, the token decides. */
  private async userIdOf(uid: string): Promise<number> {
    const id = idOfUid(uid);
    if (id === null || !(await this.accounts.mayExist(id))) throw unknownUid();
    return id;
  }
}

/** A repetition counts where there is one. */
function assertRepeated(value: string, repeated: string | undefined, message: string): void {
  if (repeated !== undefined && repeated !== value) throw differ(message);
}
