import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Handlebars from 'handlebars';
import { Public } from '../../platform/http/access.js';

const handlebars = Handlebars.create();
const style = source('style.css');
handlebars.registerPartial(
  'layout',
  source('layout.hbs').replace('/* style */', () => style),
);

/** No script, no request to anybody, no frame around it, and its forms post here only. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page is for whoever has its link. */
export const PageRoute = Public;

/** What a page of ours is sent with. */
export const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'content-type': 'text/html; charset=utf-8',
} as const;

/** The page of a template file, within the layout that all pages share. */
export function page<Values extends object>(file: string): (values: Values) => string {
  return handlebars.compile<Values>(readFileSync(file, 'utf8'), { strict: true });
}

/** Asks for a click before a link does anything: mail scanners and previews open links, and none of them clicks. */
export const confirmEmailPage = page<{ token: string }>(template('confirm-email.hbs'));

export function sendPage(reply: FastifyReply, status: number, html: string): void {
  void reply.status(status).headers(PAGE_HEADERS).send(html);
}

/** Whether a request comes from a script that wants its answer, and not from an address bar, a link, a form, an image or a prefetch. */
export function isScripted({ headers }: FastifyRequest): boolean {
  const purpose = [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']].join(' ');
  if (/prefetch|prerender|preview/i.test(purpose)) return false;
  const destination = headers['sec-fetch-dest'] ?? 'empty';
  if (['navigate', 'no-cors'].includes(String(headers['sec-fetch-mode'])) || destination !== 'empty') return false;
  return !(headers.accept ?? '').trimStart().toLowerCase().startsWith('text/html');
}

function source(file: string): string {
  return readFileSync(template(file), 'utf8');
}

function template(file: string): string {
  return join(import.meta.dirname, 'templates', file);
}
