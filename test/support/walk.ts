/** What a client program of a surface is given: where the service is, who walks, and how they read their mail. */
export interface Visit {
  baseUrl: string;
  /** What to ask it with. */
  fetch: (request: Request) => Promise<Response>;
  /** An address that nobody else has, and a username. */
  email: string;
  username: string;
  password: string;
  /** Of a member, where the surface has no sign-up; and who a service is, as the header that proves it. */
  access: string;
  service: string;
  /** The named groups of the next unread mail that this is in. */
  mailed(pattern: RegExp, to?: string): Promise<Readonly<Record<string, string>>>;
}

/** Walks its surface from sign-up to the last door; throws where an answer is not what the document promises. */
export type Walk = (visit: Visit) => Promise<void>;

export const LINK = /[?&](?:uid=(?<uid>[\w-]+)&)?token=(?<token>[0-9a-f]{32})\b/;
export const CODE = /\b(?<code>\d{6})$/m;

/** What was answered; throws what was refused. */
export function answered<Data>({ data, error, response }: { data?: Data; error?: unknown; response: Response }): Data {
  if (!response.ok) throw new Error(`${response.status} at ${response.url}: ${JSON.stringify(error)}`);
  return data as Data;
}

export function bearer(access: string): { headers: { authorization: string } } {
  return { headers: { authorization: `Bearer ${access}` } };
}
