import type { User } from './user.entity.js';

/** The two names as one (decision 4). */
export function fullNameOf({ firstName, lastName }: Pick<User, 'firstName' | 'lastName'>): string {
  return [firstName, lastName].filter((name) => name !== '').join(' ');
}

/** One name as the two: it splits at the first space. */
export function splitFullName(name: string): Pick<User, 'firstName' | 'lastName'> {
  const [firstName = '', ...rest] = name.split(' ');
  return { firstName, lastName: rest.join(' ') };
}
