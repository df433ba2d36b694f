import { PASSWORD, someone } from './people.js';
import { codeIn } from './smtp.js';
import type { Answered, Service } from './service.js';

/** Somebody of the camelCase surface, logged in. */
export interface CamelPerson {
  email: string;
  access: string;
  refresh: string;
}

export function signUp(service: Service, email: string, more: object = {}): Promise<Answered> {
  const body = { email, password: PASSWORD, password2: PASSWORD, ...more };
  return service.request('POST', '/api/auth/signup/', { body });
}

export function getToken(
  service: Service,
  email: string,
  password = PASSWORD,
): Promise<Answered<{ access: string; refresh: string }>> {
  return service.request('POST', '/api/auth/get-token/', { body: { email, password } });
}

/** Signs up and logs in. */
export async function enter(service: Service, email = someone(), more: object = {}): Promise<CamelPerson> {
  await signUp(service, email, more);
  const { body } = await getToken(service, email);
  return { email, ...body };
}

export function askForCode(service: Service, email: string, headers: Record<string, string> = {}): Promise<Answered> {
  return service.request('GET', `/api/auth/reset-password/?email=${encodeURIComponent(email)}`, { headers });
}

/** Asks for a code and answers the one of the mail. */
export async function mailedCode(service: Service, email: string): Promise<string> {
  const before = service.smtp.to(email).length;
  await askForCode(service, email);
  return codeIn(await service.smtp.next(email, before + 1));
}

/** Exchanges a mailed code for a session token. */
export async function sessionToken(service: Service, email: string): Promise<string> {
  const code = await mailedCode(service, email);
  const { body } = await service.request<{ sessionToken: string }>('POST', '/api/auth/reset-password/', {
    body: { email, code },
  });
  return body.sessionToken;
}

/** Six digits that are not these. */
export function otherCode(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0');
}
