import { Injectable } from '@nestjs/common';
import { Environment } from '../platform/config/environment.js';

const LONGEST = 2048;

/** Where the links of our mails may lead, when it is a caller who says so. */
@Injectable()
export class LinkTargets {
  constructor(private readonly environment: Environment) {}

  /**
   * A link template of an address that a caller chose; `null` unless its origin is that of a front end of ours. The
   * address may have `{uid}` and `{token}` in it; one without `{token}` gets both as the end of its path.
   */
  templateOf(given: string): string | null {
    // A front end that makes the address with a URL class has encoded the braces.
    const address = given.replace(/%7B(uid|token)%7D/gi, '{$1}');
    if (address.length > LONGEST || !isPlain(address)) return null;
    const url = new URL(address);
    if (!this.environment.frontendOrigins.includes(url.origin)) return null;
    if (!address.includes('{token}')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/{uid}/{token}/`;
    // Parsed and written again, so that what was judged is what is mailed; of the escapes, only ours are undone.
    return url.href.replace(/%7B(uid|token)%7D/g, '{$1}');
  }
}

/** Nothing in it that two readers of addresses might read in two ways: mail programs, browsers and this service. */
function isPlain(address: string): boolean {
  return (
    /^https?:\/\/[^/?#@]+(?:[/?]|$)/i.test(address) &&
    !/[\s\\#\p{C}]/u.test(address) &&
    !/\/(?:\.|%2e){1,2}(?:[/?]|$)/i.test(address) &&
    URL.canParse(address)
  );
}
