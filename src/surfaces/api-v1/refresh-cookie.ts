import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TrustedOrigins } from '../../platform/http/trusted-origins.js';
import type { SessionTokens } from '../../tokens/sessions.service.js';
import { ApiV1Settings } from './settings.js';

const NAME = 'refresh_token';

/** The refresh token of a browser, out of reach of its scripts (decision 16). */
@Injectable()
export class RefreshCookie {
  constructor(
    private readonly settings: ApiV1Settings,
    private readonly origins: TrustedOrigins,
  ) {}

  /** `undefined` also where another site had the cookie sent. */
  read(request: FastifyRequest): string | undefined {
    return this.origins.admits(request) ? request.cookies[NAME] || undefined : undefined;
  }

  set(reply: FastifyReply, { refresh, refreshExpiresIn }: SessionTokens): void {
    this.write(reply, refresh, refreshExpiresIn);
  }

  clear(reply: FastifyReply): void {
    this.write(reply, '', 0);
  }

  private write(reply: FastifyReply, value: string, maxAge: number): void {
    void reply.setCookie(NAME, value, {
      httpOnly: true,
      secure: this.settings.API_V1_COOKIE_SECURE === 'on',
      sameSite: 'lax',
      path: '/api/v1/auth',
      maxAge,
    });
  }
}
