import type { LinkLetter } from '../../auth/letters.js';

const HOUR = 3_600;
const DAY = 24 * HOUR;

export function activationLetter(link: string): LinkLetter {
  return {
    subject: 'Activate your account',
    lead: 'Welcome! Click the link to verify your email address and activate your account:',
    label: 'Activate account',
    link: withOneNameOfTheId(link),
    life: 3 * DAY,
  };
}

export function resetLetter(link: string): LinkLetter {
  return {
    subject: 'Reset your password',
    lead: 'Click the link to set a new password:',
    label: 'Set new password',
    link: withOneNameOfTheId(link),
    life: HOUR,
  };
}

/** `{uidb64}` is what this surface's paths call it. */
export function withOneNameOfTheId(link: string): string {
  return link.replace(/(?:\{|%7B)uidb64(?:\}|%7D)/gi, '{uid}');
}
