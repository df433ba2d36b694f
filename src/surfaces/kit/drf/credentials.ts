import { EMAIL_MAX_LENGTH, parseEmailAddress, type EmailAddress } from '../../../users/email-address.js';
import { NOT_AN_EMAIL, Text } from './fields.js';

/** An `EmailField`. An address of which only the length is at fault is told so, and nothing else. */
export function Email(example = 'john@example.com'): PropertyDecorator {
  const isAddress = (text: string): boolean => text.length > EMAIL_MAX_LENGTH || parseEmailAddress(text) !== null;
  return Text({
    example,
    max: EMAIL_MAX_LENGTH,
    invalid: NOT_AN_EMAIL,
    rule: { name: 'email', test: isAddress, message: NOT_AN_EMAIL },
    document: { format: 'email' },
  });
}

/** What a text that kept the rules of `Email` stands for. */
export function addressOf(text: string): EmailAddress {
  const email = parseEmailAddress(text);
  if (email === null) throw new Error('the rules let something through that is not an address');
  return email;
}

/** A password, exactly as it is sent. */
export function Password(
  options: { example?: string; aliases?: readonly string[]; required?: boolean; min?: number; max?: number } = {},
): PropertyDecorator {
  return Text({ example: 'strongpassword123', ...options, trim: false, document: { format: 'password' } });
}
