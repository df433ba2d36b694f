import { tokenIn } from './smtp.js';
import type { Answered, Service } from './service.js';

export const PASSWORD = 'strongpassword123';

export interface UserBody {
  id: string;
  email: string;
  username: string | null;
  first_name: string;
  last_name: string;
  is_active: boolean;
  role: string;
  avatar: string | null;
  phone_number: string | null;
  date_joined: string;
}

export interface LoginBody {
  access: string;
  refresh: string;
  user: UserBody;
}

let count = 0;

/** An address that no other test has. */
export function someone(): string {
  count += 1;
  return `someone${count}@example.com`;
}

export function register(service: Service, email: string, more: object = {}): Promise<Answered> {
  const body = { email, password: PASSWORD, confirm_password: PASSWORD, ...more };
  return service.request('POST', '/api/auth/register/', { body });
}

export function login(service: Service, email: string, password = PASSWORD): Promise<Answered<LoginBody>> {
  return service.request('POST', '/api/auth/login/', { body: { email, password } });
}

/** Registers and verifies by the mailed link; answers what the link answers. */
export async function join(service: Service, email = someone(), more: object = {}): Promise<LoginBody> {
  await register(service, email, more);
  const token = tokenIn(await service.smtp.next(email));
  const { body } = await service.request<LoginBody>('POST', '/api/auth/verify-email/', { body: { token } });
  return body;
}

/** Asks for a reset and answers the token of the mail. */
export async function askForReset(service: Service, email: string): Promise<string> {
  const before = service.smtp.to(email).length;
  await service.request('POST', '/api/auth/password-reset/', { body: { email } });
  return tokenIn(await service.smtp.next(email, before + 1));
}
