import { join } from 'node:path';
import { Body, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountService } from '../../auth/account.service.js';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure } from '../../failure.js';
import { parseEmailAddress } from '../../users/email-address.js';
import { confirmEmailPage, page, PageRoute, sendPage } from '../kit/page.js';
import { SurfaceController } from '../kit/surface.js';
import { EMAIL_ADVICE, failures, outcomePage, PASSWORD_ADVICE } from './failures.js';
import { ConfirmEmailForm, LinkQuery, ResetEmailForm, ResetPasswordForm } from './requests.js';

const resetPasswordPage = page<{ token: string; problem: string }>(
  join(import.meta.dirname, 'templates', 'reset-password.hbs'),
);

const resetEmailPage = page<{ token: string; email: string; problem: string }>(
  join(import.meta.dirname, 'templates', 'reset-email.hbs'),
);

const confirmNewEmailPage = page<{ token: string }>(join(import.meta.dirname, 'templates', 'confirm-new-email.hbs'));

/** Where our own mails lead when no front end is configured. Opening a page changes nothing; its button does. */
@ApiExcludeController()
@SurfaceController({ path: 'account', words: failures, tag: 'Pages' })
export class PagesController {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly recovery: RecoveryService,
    private readonly accounts: AccountService,
  ) {}

  @Get('verify-email')
  @PageRoute()
  async askToConfirm(
    @Query() query: LinkQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const token = tokenOf(query);
    if (request.method !== 'HEAD') await this.registrations.inspect(token);
    sendPage(reply, 200, confirmEmailPage({ token }));
  }

  @Post('verify-email')
  @PageRoute()
  async confirm(@Body() form: ConfirmEmailForm, @Res() reply: FastifyReply): Promise<void> {
    await this.registrations.verify(tokenOf(form));
    const paragraphs = ['Thank you. You can sign in now; this window may be closed.'];
    sendPage(reply, 200, outcomePage({ title: 'Your e-mail address is confirmed', paragraphs }));
  }

  @Get('reset-password')
  @PageRoute()
  async askForPassword(
    @Query() query: LinkQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const token = tokenOf(query);
    if (request.method !== 'HEAD') await this.recovery.inspect(token);
    sendPage(reply, 200, resetPasswordPage({ token, problem: '' }));
  }

  @Post('reset-password')
  @PageRoute()
  async setPassword(@Body() form: ResetPasswordForm, @Res() reply: FastifyReply): Promise<void> {
    const token = tokenOf(form);
    const { password = '', repeated = '' } = form;
    try {
      if (password !== repeated) {
        sendPage(reply, 400, resetPasswordPage({ token, problem: 'The two do not match.' }));
        return;
      }
      await this.recovery.resetByLink(token, password);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'weak_password') throw error;
      const { weaknesses } = (error as Failure<'weak_password'>).details;
      const problem = weaknesses.map((weakness) => PASSWORD_ADVICE[weakness]).join(' ');
      sendPage(reply, 400, resetPasswordPage({ token, problem }));
      return;
    }
    const paragraphs = ['You can sign in with it now. Every device that was signed in has been signed out.'];
    sendPage(reply, 200, outcomePage({ title: 'Your password is set', paragraphs }));
  }

  @Get('reset-email')
  @PageRoute()
  async askForEmail(
    @Query() query: LinkQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const token = tokenOf(query);
    if (request.method !== 'HEAD') await this.accounts.inspectEmailReset(token);
    sendPage(reply, 200, resetEmailPage({ token, email: '', problem: '' }));
  }

  @Post('reset-email')
  @PageRoute()
  async setEmail(@Body() form: ResetEmailForm, @Res() reply: FastifyReply): Promise<void> {
    const token = tokenOf(form);
    const { email = '' } = form;
    const address = parseEmailAddress(email);
    if (address === null) {
      sendPage(reply, 400, resetEmailPage({ token, email, problem: EMAIL_ADVICE.invalid }));
      return;
    }
    try {
      await this.accounts.resetEmail(token, address);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'email_taken') throw error;
      sendPage(reply, 400, resetEmailPage({ token, email, problem: EMAIL_ADVICE.taken }));
      return;
    }
    // Where discovery is hidden the address has yet to be confirmed, and the page must not tell whether it was free.
    const paragraphs = [
      'If a mail with a link comes to the new address, open that first. Then sign in with the new address.',
      'Every device that was signed in has been signed out.',
    ];
    sendPage(reply, 200, outcomePage({ title: 'Your new e-mail address is noted', paragraphs }));
  }

  @Get('confirm-email')
  @PageRoute()
  async askToConfirmNew(
    @Query() query: LinkQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const token = tokenOf(query);
    if (request.method !== 'HEAD') await this.accounts.inspectEmailConfirmation(token);
    sendPage(reply, 200, confirmNewEmailPage({ token }));
  }

  @Post('confirm-email')
  @PageRoute()
  async confirmNew(@Body() form: ConfirmEmailForm, @Res() reply: FastifyReply): Promise<void> {
    await this.accounts.confirmEmail(tokenOf(form));
    const paragraphs = ['Thank you. You can sign in with it now; this window may be closed.'];
    sendPage(reply, 200, outcomePage({ title: 'Your e-mail address is changed', paragraphs }));
  }
}

function tokenOf({ token }: { token?: unknown }): string {
  if (typeof token !== 'string' || token === '') throw new Failure('one_time_token_invalid');
  return token;
}
