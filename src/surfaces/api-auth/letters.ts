import type { LinkLetter } from '../../auth/letters.js';
import type { ApiAuthSettings } from './settings.js';

const HOUR = 3_600;

export function verificationLetter({ API_AUTH_VERIFY_EMAIL_URL }: ApiAuthSettings): LinkLetter {
  return {
    subject: 'Verify your email',
    lead: 'Welcome! Click the link to verify your email:',
    label: 'Verify email',
    link: API_AUTH_VERIFY_EMAIL_URL,
    life: 24 * HOUR,
  };
}

export function resetLetter({ API_AUTH_RESET_PASSWORD_URL }: ApiAuthSettings): LinkLetter {
  return {
    subject: 'Reset your password',
    lead: 'Click here to reset your password:',
    label: 'Reset password',
    link: API_AUTH_RESET_PASSWORD_URL,
    life: HOUR,
  };
}
