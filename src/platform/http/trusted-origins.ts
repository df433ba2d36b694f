import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Environment } from '../config/environment.js';

/** Sites that a browser may name as the one that a request comes from; `none` is its user. */
const OWN_SITES = ['same-origin', 'same-site'];

/** Whether a request with a cookie was sent on behalf of a page that may use the cookie. */
@Injectable()
export class TrustedOrigins {
  constructor(private readonly environment: Environment) {}

  /** A request that names no origin is admitted unless the browser says that it comes from another site. */
  admits({ headers }: FastifyRequest): boolean {
    const { origin, host } = headers;
    const site = headers['sec-fetch-site'];
    const isOwnSite = site !== undefined && OWN_SITES.includes(site);
    if (origin === undefined) return site === undefined || site === 'none' || isOwnSite;
    if (!URL.canParse(origin)) return false;
    return (
      isOwnSite ||
      this.environment.frontendOrigins.includes(new URL(origin).origin) ||
      new URL(origin).host === host ||
      isSameSite(new URL(origin), new URL(this.environment.publicUrl))
    );
  }
}

/** Ports make no difference between sites. */
function isSameSite(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.hostname === other.hostname;
}
