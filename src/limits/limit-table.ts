/**
 * Whom a layer counts together. `person_here`: those who name one account or address from one network. `person`: those
 * who name it from anywhere; waived for a network that this account was signed in from. `network`: everyone there.
 */
export type Scope = 'person_here' | 'person' | 'network';

/** At most so many attempts in so many seconds from the first of them. */
export interface Layer {
  readonly scope: Scope;
  readonly most: number;
  readonly seconds: number;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** What is limited, and how; `docs/limits.md` has the reasons. Layers stand from the narrowest to the widest. */
export const LIMITS = {
  /** A password, at a login of any surface or asked for again while signed in. */
  login: [
    { scope: 'person_here', most: 10, seconds: 15 * MINUTE },
    { scope: 'person_here', most: 30, seconds: 6 * HOUR },
    { scope: 'person', most: 100, seconds: HOUR },
    { scope: 'network', most: 300, seconds: 15 * MINUTE },
  ],
  /** A mailed code that is exchanged. */
  code: [
    { scope: 'person_here', most: 10, seconds: 15 * MINUTE },
    { scope: 'person', most: 100, seconds: DAY },
    { scope: 'network', most: 100, seconds: HOUR },
  ],
  /** A mail that is asked for: a reset, a code, the proof of an address. */
  mail: [
    { scope: 'person_here', most: 10, seconds: 15 * MINUTE },
    { scope: 'person', most: 30, seconds: HOUR },
    { scope: 'network', most: 100, seconds: HOUR },
  ],
  sign_up: [
    { scope: 'person_here', most: 10, seconds: HOUR },
    { scope: 'person', most: 30, seconds: HOUR },
    { scope: 'network', most: 60, seconds: HOUR },
  ],
  refresh: [{ scope: 'network', most: 3_000, seconds: 15 * MINUTE }],
  /** A wrong secret of a service client; a right one is never counted. */
  client: [
    { scope: 'person_here', most: 20, seconds: 15 * MINUTE },
    { scope: 'network', most: 100, seconds: 15 * MINUTE },
  ],
} as const satisfies Record<string, readonly Layer[]>;

export type Story = keyof typeof LIMITS;

/** Days that a network stays one that an account was signed in from. */
export const FAMILIAR_DAYS = 30;
