import type { CodeLetter, LinkLetter } from '../../auth/letters.js';

/** Sent only where discovery is hidden. Front ends of this surface know no verification, so the link leads to our page. */
export const VERIFICATION_LETTER: LinkLetter = {
  subject: 'Verify your email',
  lead: 'Welcome! Click the link to verify your email and to be able to sign in:',
  label: 'Verify email',
  link: '/account/verify-email?token={token}',
  life: 86_400,
};

export const RESET_CODE_LETTER: CodeLetter = {
  subject: 'Reset password code',
  lead: 'Hi there. Please enter this code to reset your password:',
  life: 600,
};
