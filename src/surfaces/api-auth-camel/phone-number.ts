/** What this surface shows of somebody who gave no phone number; it is never stored. */
const NO_PHONE_NUMBER = '+000000000';

export function shownPhoneNumber(stored: string | null): string {
  return stored ?? NO_PHONE_NUMBER;
}

/** `undefined` where nothing was sent. */
export function storedPhoneNumber<Sent extends string | undefined>(sent: Sent): Sent | null {
  return sent === NO_PHONE_NUMBER ? null : sent;
}
