import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  BadRequestException,
  Controller,
  ForbiddenException,
  Get,
  NotFoundException,
  Param,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Handlebars from 'handlebars';
import { Environment } from '../config/environment.js';
import { Public } from '../http/access.js';
import { Inbox, type ReceivedMail } from './inbox.js';
import { InboxFilter, MailPath } from './inbox.requests.js';

const DEFAULT_LIMIT = 200;
const LARGEST_LIMIT = 5_000;

/** Seconds; well within the time that a request may take. */
const LONGEST_WAIT = 10;

/** The frame that shows a mail runs no script and belongs to no origin; its links open in a tab of their own. */
const MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox";
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const listPage = page('list.hbs');
const mailPage = page('mail.hbs');

/** Development only: reads the mail that this service sent, in a browser or from a script. */
@Controller('dev')
export class InboxController {
  constructor(
    private readonly inbox: Inbox,
    private readonly environment: Environment,
  ) {}

  @Get(['inbox', 'inbox.json'])
  @Public()
  async list(@Query() filter: InboxFilter, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.refuseStrangers(request);
    const limit = Math.min(Math.max(Math.trunc(Number(filter.limit)) || DEFAULT_LIMIT, 1), LARGEST_LIMIT);
    const mails = await this.listAsSoonAsThereAre(filter, limit);
    if (wantsJson(request)) return void reply.send(mails);
    this.sendPage(reply, listPage({ mails: mails.map(forPage), to: filter.to ?? '' }), PAGE_POLICY);
  }

  @Get('inbox/:id')
  @Public()
  async show(@Param() path: MailPath, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.refuseStrangers(request);
    const mail = await this.find(path);
    if (wantsJson(request)) return void reply.send(mail);
    this.sendPage(reply, mailPage(forPage(mail)), PAGE_POLICY);
  }

  @Get('inbox/:id/html')
  @Public()
  async html(@Param() path: MailPath, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.refuseStrangers(request);
    const { html } = await this.find(path);
    // Inside the sandbox a link would open in the frame, where the page it leads to may not work.
    // A sandboxed page is an origin of its own, and the header would only be complained about.
    reply.removeHeader('origin-agent-cluster');
    this.sendPage(reply, html.replace('<head>', '<head><base target="_blank">'), MAIL_POLICY);
  }

  /** A script that has just asked for a mail need not poll for it. */
  private async listAsSoonAsThereAre({ to, subject = '', wait }: InboxFilter, limit: number): Promise<ReceivedMail[]> {
    const deadline = performance.now() + Math.min(Number(wait) || 0, LONGEST_WAIT) * 1_000;
    for (;;) {
      const mails = await this.inbox.list(to, limit);
      const fitting = mails.filter((mail) => mail.subject.toLowerCase().includes(subject.toLowerCase()));
      if (fitting.length > 0 || performance.now() >= deadline) return fitting;
      await setTimeout(100);
    }
  }

  private async find({ id }: MailPath): Promise<ReceivedMail> {
    if (!/^[1-9]\d{0,8}$/.test(id)) throw new BadRequestException('A mail is asked for by its number.');
    const mail = await this.inbox.find(Number(id));
    if (mail === null) throw new NotFoundException('There is no such mail.');
    return mail;
  }

  /**
   * A web site may point a name of its own at this machine and read what it finds (DNS rebinding): only names that we
   * know are answered, unless the operator chose where to listen.
   */
  private refuseStrangers(request: FastifyRequest): void {
    const { hostname } = request;
    const known = [new URL(this.environment.publicUrl).hostname, 'localhost', this.environment.host];
    const isAddress = isIPv4(hostname) || isIPv6(hostname.replace(/^\[|\]$/g, ''));
    if (!isAddress && !known.includes(hostname))
      throw new ForbiddenException('The inbox does not answer to this name.');
  }

  private sendPage(reply: FastifyReply, html: string, policy: string): void {
    void reply
      .header('content-security-policy', policy)
      .header('x-frame-options', 'SAMEORIGIN')
      .type('text/html; charset=utf-8')
      .send(html);
  }
}

function wantsJson(request: FastifyRequest): boolean {
  return /\.json(?:\?|$)/.test(request.url) || (request.headers.accept ?? '').startsWith('application/json');
}

function forPage(mail: ReceivedMail): object {
  return { ...mail, sentAt: mail.date.toISOString().replace('T', ' ').slice(0, 19), linkedText: linked(mail.text) };
}

/** The text part with its links to click, everything else escaped. */
function linked(text: string): Handlebars.SafeString {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/g).map((part, index) => {
    const escaped = Handlebars.escapeExpression(part);
    return index % 2 === 1 ? `<a href="${escaped}" target="_blank" rel="noopener">${escaped}</a>` : escaped;
  });
  return new Handlebars.SafeString(parts.join(''));
}

function page(file: string): HandlebarsTemplateDelegate {
  const read = (name: string): string => readFileSync(join(import.meta.dirname, 'templates', name), 'utf8');
  const environment = Handlebars.create();
  environment.registerPartial('style', read('style.hbs'));
  return environment.compile(read(file), { strict: true });
}
