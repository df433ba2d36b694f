import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/** What a mail is about. Of each kind, an address gets at most one a minute. */
export type LetterKind =
  | 'verify_email'
  | 'account_exists'
  | 'reset_password'
  | 'reset_code'
  | 'password_changed'
  | 'email_changed'
  | 'reset_email'
  | 'confirm_email'
  | 'session_reused';

/**
 * What a mail says, as plain text. Nothing that a visitor wrote goes in: a name in a mail from us would let strangers
 * send their own words under our address.
 */
export interface Letter {
  readonly kind: LetterKind;
  readonly subject: string;
  /** The first sentence; in the text part the link or the code follows it on the same line. */
  readonly lead: string;
  readonly action?: { readonly label: string; readonly url: string };
  readonly code?: string;
  readonly notes: readonly string[];
}

export interface RenderedLetter {
  subject: string;
  text: string;
  html: string;
}

const html = Handlebars.compile<object>(source('letter.html.hbs'), { strict: true });

/** Escaping is for HTML; in the text part it would show. */
const text = Handlebars.compile<object>(source('letter.text.hbs'), { strict: true, noEscape: true });

/** Throws when the letter lacks something that the template names. */
export function render(letter: Letter): RenderedLetter {
  const { subject, action = null, code = null } = letter;
  const values = { ...letter, action, code };
  const href = action && new Handlebars.SafeString(escapeAttribute(action.url));
  return { subject, text: text(values), html: html({ ...values, action: action && { ...action, url: href } }) };
}

/** As much as a quoted attribute and a text need: Handlebars would also escape `=`, and whoever reads a link by eye or by pattern stumbles. */
function escapeAttribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function source(file: string): string {
  return readFileSync(join(import.meta.dirname, 'templates', file), 'utf8');
}
