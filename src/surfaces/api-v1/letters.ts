import type { LinkLetter } from '../../auth/letters.js';
import type { ApiV1Settings } from './settings.js';

export function resetLetter({ API_V1_RESET_PASSWORD_URL }: ApiV1Settings): LinkLetter {
  return {
    subject: 'Ostiary - Password recovery for user {email}',
    lead: 'Somebody, probably you, wants a new password for your account. Choose it here:',
    label: 'Reset password',
    link: API_V1_RESET_PASSWORD_URL,
    life: 86_400,
  };
}
