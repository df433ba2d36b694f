import type { Answered, Service } from './service.js';
import { PASSWORD } from './people.js';

/** A login on the surface that takes forms. */
export interface FormLogin {
  username: string;
  access_token: { token: string; expires_in: number; token_type: string };
  refresh_token: { token: string; expires_in: number; token_type: string };
}

export function logInByForm(
  service: Service,
  username: string,
  password = PASSWORD,
  headers: Record<string, string> = {},
): Promise<Answered<FormLogin>> {
  const body = new URLSearchParams({ username, password });
  return service.request('POST', '/api/v1/auth/login', { body, headers });
}

/** The name and the value of the cookie that an answer sets, and its attributes in the order of the alphabet. */
export function cookieOf({ headers }: Answered): { pair: string; value: string; attributes: string[] } {
  const [pair = '', ...attributes] = (headers.getSetCookie()[0] ?? '').split('; ');
  return { pair, value: pair.slice(pair.indexOf('=') + 1), attributes: attributes.toSorted() };
}
