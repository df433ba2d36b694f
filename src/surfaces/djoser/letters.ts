import type { LinkLetter } from '../../auth/letters.js';
import type { DjoserSettings } from './settings.js';

const HOUR = 3_600;
const DAY = 24 * HOUR;

export function activationLetter({ DJOSER_SITE_NAME: site, DJOSER_ACTIVATION_URL }: DjoserSettings): LinkLetter {
  return {
    subject: `Account activation on ${site}`,
    lead: `One step is left to finish your registration on ${site}. Please go to this page to activate your account:`,
    label: 'Activate account',
    link: DJOSER_ACTIVATION_URL,
    life: 3 * DAY,
  };
}

export function passwordResetLetter({ DJOSER_SITE_NAME: site, DJOSER_PASSWORD_RESET_URL }: DjoserSettings): LinkLetter {
  return {
    subject: `Password reset on ${site}`,
    lead: `A new password was asked for your account {email} on ${site}. Please go to this page to choose one:`,
    label: 'Choose a new password',
    link: DJOSER_PASSWORD_RESET_URL,
    life: 3 * DAY,
  };
}

export function emailResetLetter({ DJOSER_SITE_NAME: site, DJOSER_EMAIL_RESET_URL }: DjoserSettings): LinkLetter {
  return {
    subject: `Username reset on ${site}`,
    lead: `Another e-mail address was asked for your account on ${site}. Please go to this page to choose it:`,
    label: 'Choose a new address',
    link: DJOSER_EMAIL_RESET_URL,
    life: 3 * DAY,
  };
}
