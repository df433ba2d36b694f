import { domainToASCII } from 'node:url';

/** Octets of an address that SMTP can carry (RFC 5321 §4.5.3.1.3, less the angle brackets). */
export const EMAIL_MAX_LENGTH = 254;

const LOCAL_MAX_LENGTH = 64;

/** `dot-atom` of RFC 5322; quoted local parts and everything beyond ASCII are refused on purpose. */
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;

export interface EmailAddress {
  /** For people: as entered, the domain in lower case. */
  readonly shown: string;
  /** The identity: the local part in lower case, the domain in lower-case ASCII. Equal bytes are the same person. */
  readonly canonical: string;
  /** For SMTP: the local part as entered, the domain in ASCII. */
  readonly mailbox: string;
}

/** `null` for whatever is not an address that we send mail to. */
export function parseEmailAddress(input: unknown): EmailAddress | null {
  if (typeof input !== 'string') return null;
  const text = input.trim();
  // The ASCII form is never the shorter one; and converting a very long domain would take long.
  if (text.length > EMAIL_MAX_LENGTH) return null;
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  // An encoded word (RFC 2047) would be decoded by some mailers and turn into another address.
  if (at < 1 || local.length > LOCAL_MAX_LENGTH || !LOCAL_PART.test(local) || local.includes('=?')) return null;
  const ascii = asciiDomain(domain);
  const canonical = `${local.toLowerCase()}@${ascii}`;
  if (ascii === null || canonical.length > EMAIL_MAX_LENGTH) return null;
  return { shown: `${local}@${domain.toLowerCase()}`, canonical, mailbox: `${local}@${ascii}` };
}

function asciiDomain(domain: string): string | null {
  // What the URL parser would quietly drop, decode or read as a number is refused before it gets there.
  if (/[\s%/\\:?#@[\]<>|^\u00ad\u200b-\u200f\u2060\ufeff]/u.test(domain)) return null;
  const ascii = domainToASCII(domain.toLowerCase());
  return ascii === 'localhost' || DOMAIN.test(ascii) ? ascii : null;
}
