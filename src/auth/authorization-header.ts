import { Failure } from '../failure.js';

const SCHEMES = ['bearer', 'jwt'];

/**
 * The token of an `Authorization` header, `Bearer` or `JWT` in any case (decision 15). `null` for no header and for
 * schemes that are not ours. Throws `malformed_authorization_header`.
 */
export function bearerToken(header: string | undefined): string | null {
  const [scheme = '', token, ...rest] = header?.trim().split(/\s+/) ?? [];
  if (!SCHEMES.includes(scheme.toLowerCase())) return null;
  if (token === undefined || rest.length > 0) throw new Failure('malformed_authorization_header');
  return token;
}
