import { join } from 'node:path';
import { Body, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RecoveryService } from '../../auth/recovery.service.js';
import { RegistrationService } from '../../auth/registration.service.js';
import { Failure } from '../../failure.js';
import { confirmEmailPage, page, PageRoute, sendPage } from '../kit/page.js';
import { SurfaceController } from '../kit/surface.js';
import { failures, outcomePage, PASSWORD_ADVICE } from './failures.js';
import { ConfirmEmailForm, LinkQuery, ResetPasswordForm } from './requests.js';

const resetPasswordPage = page<{ token: string; problem: string }>(
  join(import.meta.dirname, 'templates', 'reset-password.hbs'),
);

/** Where our own mails lead when no front end is configured. Opening a page changes nothing; its button does. */
@ApiExcludeController()
@SurfaceController({ path: 'account', words: failures, tag: 'Pages' })
export class PagesController {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly recovery: RecoveryService,
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
}

function tokenOf({ token }: { token?: unknown }): string {
  if (typeof token !== 'string' || token === '') throw new Failure('one_time_token_invalid');
  return token;
}
