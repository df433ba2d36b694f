import { PASSWORD, someone } from './people.js';
import type { Answered, Service } from './service.js';
import type { ReceivedMail } from './smtp.js';

/** A person as surface 001 knows them. */
export interface Member {
  email: string;
  username: string;
  access: string;
  refresh: string;
}

export interface Tokens {
  msg: string;
  access_token: string;
  refresh_token: string;
}

let count = 0;

/** A body that registers somebody whom no other test has. */
export function newcomer(more: object = {}): { email: string; username: string } & Record<string, unknown> {
  count += 1;
  return { email: someone(), username: `member${count}`, password: PASSWORD, confirm_password: PASSWORD, ...more };
}

export function post<Body = unknown>(service: Service, path: string, body?: unknown): Promise<Answered<Body>> {
  return service.request('POST', `/accounts/api/${path}`, { body });
}

/** What the link in a mail of ours says, be it at a front end or at our own pages. */
export function linkIn({ text }: ReceivedMail): { uid: string; token: string } {
  const [, uid, token] =
    /\?uid=(\w+)&token=([0-9a-f]{32})\b/.exec(text) ?? /\/(\w+)\/([0-9a-f]{32})\/(?:\s|$)/.exec(text) ?? [];
  if (uid === undefined || token === undefined) throw new Error(`no link in: ${text}`);
  return { uid, token };
}

/** The `count`th mail about this to this address, whatever else is on its way to it. */
export async function mailAbout({ smtp }: Service, email: string, subject: string, count = 1): Promise<ReceivedMail> {
  const found = (): ReceivedMail[] => smtp.to(email).filter((mail) => mail.subject === subject);
  await smtp.until(() => found().length >= count, `"${subject}" to ${email}`);
  return found()[count - 1]!;
}

/** Registers somebody and answers where the mailed link leads. */
export async function invite(service: Service, more: object = {}): Promise<{ email: string; path: string }> {
  const body = newcomer(more);
  await post(service, 'registration/', body);
  const { uid, token } = linkIn(await service.smtp.next(body.email));
  return { email: body.email, path: `verify/token/${uid}/${token}/` };
}

/** Registers, activates and logs in. */
export async function joinAccounts(service: Service, more: object = {}): Promise<Member> {
  const body = newcomer(more);
  await post(service, 'registration/', body);
  const { uid, token } = linkIn(await service.smtp.next(body.email));
  await post(service, `verify/token/${uid}/${token}/`);
  const { body: tokens } = await logIn(service, body.email);
  return { email: body.email, username: body.username, access: tokens.access_token, refresh: tokens.refresh_token };
}

export function logIn(service: Service, email: string, password = PASSWORD): Promise<Answered<Tokens>> {
  return post<Tokens>(service, 'login/', { email, password });
}

/** Asks for a new password and answers where the mailed link leads. */
export async function askForNewPassword(service: Service, email: string): Promise<string> {
  const subject = 'Reset your password';
  const before = service.smtp.to(email).filter((mail) => mail.subject === subject).length;
  await post(service, 'forget/password/', { email });
  const { uid, token } = linkIn(await mailAbout(service, email, subject, before + 1));
  return `set/new/forget/password/${uid}/${token}/`;
}
