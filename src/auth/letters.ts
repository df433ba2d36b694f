import type { Letter } from '../mail/letter.js';
import type { Recipient } from '../mail/mail.service.js';
import { parseEmailAddress } from '../users/email-address.js';
import type { User } from '../users/user.entity.js';

/**
 * A mail with a link, in the words of the surface that sends it; `{email}` in its subject and lead is the address that it
 * goes to. `link` is a template with `{token}` and, where the
 * front end wants it, `{uid}`; a template that begins with a slash is a page of our own. `life` in seconds.
 */
export interface LinkLetter {
  readonly subject: string;
  readonly lead: string;
  readonly label: string;
  readonly link: string;
  readonly life: number;
}

/** A mail with a code, in the words of the surface that sends it. `life` in seconds. */
export interface CodeLetter {
  readonly subject: string;
  readonly lead: string;
  readonly life: number;
}

const IGNORE = 'If you did not ask for this, you can ignore this mail: nothing changes.';

export function linkLetter(
  kind: 'verify_email' | 'reset_password' | 'reset_email',
  words: LinkLetter,
  user: User,
  token: string,
  publicUrl: string,
): Letter {
  // A function, since `$` and `&` are letters of an address, and orders in a replacement.
  const addressed = (text: string): string => text.replace('{email}', () => user.email);
  return {
    kind,
    subject: addressed(words.subject),
    lead: addressed(words.lead),
    action: { label: words.label, url: fillLink(words.link, { token, uid: uidOf(user.id) }, publicUrl) },
    notes: [`The link works once, within ${duration(words.life)}.`, IGNORE],
  };
}

export function codeLetter(words: CodeLetter, code: string): Letter {
  return {
    kind: 'reset_code',
    subject: words.subject,
    lead: words.lead,
    code,
    notes: [`The code works once, within ${duration(words.life)}. Nobody from us will ever ask you for it.`, IGNORE],
  };
}

export function accountExistsLetter(): Letter {
  return {
    kind: 'account_exists',
    subject: 'You already have an account',
    lead: 'Somebody, perhaps you, tried to sign up with this address. It has an account already.',
    notes: ['To get in, sign in as usual, or ask for a new password if you forgot yours.', IGNORE],
  };
}

/** Where discovery is hidden, a new address has to be proven before it is one's own. */
export function confirmEmailLetter(token: string, publicUrl: string): Letter {
  return {
    kind: 'confirm_email',
    subject: 'Confirm your new e-mail address',
    lead: 'Somebody, probably you, wants this to be the address of their account. Confirm it here:',
    action: { label: 'Confirm address', url: fillLink('/account/confirm-email?token={token}', { token }, publicUrl) },
    notes: [`The link works once, within ${duration(CONFIRM_EMAIL_LIFE)}.`, IGNORE],
  };
}

/** Seconds. */
export const CONFIRM_EMAIL_LIFE = 86_400;

export function passwordChangedLetter(): Letter {
  return {
    kind: 'password_changed',
    subject: 'Your password was changed',
    lead: 'The password of your account was changed just now, and other devices were signed out.',
    notes: ['If that was not you, ask for a new password at once: it signs everybody else out.'],
  };
}

export function emailChangedLetter(): Letter {
  return {
    kind: 'email_changed',
    subject: 'Your e-mail address was changed',
    lead: 'Your account now has another e-mail address. This is the last mail about it to this one.',
    notes: ['If that was not you, tell the people who run this service.'],
  };
}

export function sessionReusedLetter(): Letter {
  return {
    kind: 'session_reused',
    subject: 'We signed a device out of your account',
    lead: 'A device used a sign-in that had been replaced. Somebody may have copied it, so we ended it.',
    notes: [
      'If one of your devices asks you to sign in again, that is why.',
      'If you do not know that device, change your password.',
    ],
  };
}

/** Mail about an account goes to the address that is stored for it. */
export function recipientOf(user: User): Recipient {
  const address = parseEmailAddress(user.email);
  return { userId: user.id, mailbox: address?.mailbox ?? user.emailCanonical, canonical: user.emailCanonical };
}

/** The `uid` of links: base64url of the decimal number, without padding (decision 2). */
export function uidOf(id: number): string {
  return Buffer.from(String(id)).toString('base64url');
}

/** The number that `uidOf` made this of, padded or not; `null` for anything else. */
export function idOfUid(uid: string): number | null {
  const unpadded = uid.replace(/={1,2}$/, '');
  const id = Number(Buffer.from(unpadded, 'base64url').toString('latin1'));
  return Number.isInteger(id) && id > 0 && uidOf(id) === unpadded ? id : null;
}

/** Puts each value in place of its name, encoded for a URL; an address without a host is one of our own pages. */
export function fillLink(template: string, values: Readonly<Record<string, string>>, publicUrl: string): string {
  const filled = template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    values[name] === undefined ? whole : encodeURIComponent(values[name]),
  );
  return filled.startsWith('/') ? publicUrl + filled : filled;
}

function duration(seconds: number): string {
  const [amount, unit] =
    seconds % 86_400 === 0 && seconds > 86_400
      ? [seconds / 86_400, 'day']
      : seconds % 3600 === 0
        ? [seconds / 3600, 'hour']
        : [Math.round(seconds / 60), 'minute'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
