import { InvalidArgumentError } from 'commander';
import { parseEmailAddress, type EmailAddress } from '../users/email-address.js';

/** A name for people: one line that a column can hold. */
export function label(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > 100 || !name.isWellFormed() || /[\u0000-\u001f\u007f]/.test(name)) {
    throw new InvalidArgumentError('One line of 1 to 100 characters is meant.');
  }
  return name;
}

export function hours(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 8_760)) {
    throw new InvalidArgumentError('A number of hours from 0 to 8760 is meant.');
  }
  return number;
}

export function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new InvalidArgumentError('A number from 1 to 10000 is meant.');
  }
  return number;
}

export function emailAddress(text: string): EmailAddress {
  const email = parseEmailAddress(text);
  if (email === null) throw new InvalidArgumentError('That is not an e-mail address.');
  return email;
}

export function uuid(text: string): string {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new InvalidArgumentError('A UUID is meant.');
  }
  return text.toLowerCase();
}
