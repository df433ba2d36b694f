import { someone } from './people.js';
import type { Answered, Service } from './service.js';
import type { ReceivedMail } from './smtp.js';

export const PASSWORD = 'secure-password-123';

export interface UserBody {
  id: number;
  email: string;
  name: string;
}

/** What a mailed link carries. */
export interface Link {
  uid: string;
  token: string;
}

/** Somebody with an active account and a session. */
export interface Person {
  user: UserBody;
  access: string;
  refresh: string;
}

export function signUp(service: Service, email: string, more: object = {}): Promise<Answered<UserBody>> {
  const body = { email, password: PASSWORD, re_password: PASSWORD, ...more };
  return service.request('POST', '/auth/users/', { body });
}

export function logIn(service: Service, email: string, password = PASSWORD): Promise<Answered<Omit<Person, 'user'>>> {
  return service.request('POST', '/auth/jwt/create/', { body: { email, password } });
}

export function linkIn({ text }: ReceivedMail): Link {
  const [, uid, token] = /[?&]uid=([\w-]+)&token=([0-9a-f]+)/.exec(text) ?? [];
  if (uid === undefined || token === undefined) throw new Error(`no link in: ${text}`);
  return { uid, token };
}

/** Signs up and answers the link of the mail. */
export async function signUpForLink(service: Service, email = someone(), more: object = {}): Promise<Link> {
  await signUp(service, email, more);
  return linkIn(await service.smtp.next(email));
}

/** Signs up, activates by the mailed link, and logs in. */
export async function arrive(service: Service, email = someone(), more: object = {}): Promise<Person> {
  const { body: user } = await signUp(service, email, more);
  const body = linkIn(await service.smtp.next(email));
  await service.request('POST', '/auth/users/activation/', { body });
  const { body: tokens } = await logIn(service, email);
  return { user, ...tokens };
}

/** Asks for a mail with a link at one of the routes that send one, and answers the link. */
export async function askFor(service: Service, what: 'reset_password' | 'reset_email', email: string): Promise<Link> {
  const before = service.smtp.to(email).length;
  await service.request('POST', `/auth/users/${what}/`, { body: { email } });
  return linkIn(await service.smtp.next(email, before + 1));
}
