import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Where a request comes from, for the owner of an account to recognise. */
export interface Client {
  ip: string | null;
  userAgent: string | null;
}

const USER_AGENT_MAX_LENGTH = 512;

const NOBODY: Client = { ip: null, userAgent: null };

const clients = new AsyncLocalStorage<Client>();

export function clientOf(request: FastifyRequest): Client {
  // An IPv4 address on a socket of both kinds is still that address.
  const ip = request.ip.replace(/^::ffff:(?=\d+\.)/, '');
  // What a proxy forwards is not an address before it has been looked at.
  return {
    ip: isIP(ip) === 0 ? null : ip,
    userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_MAX_LENGTH) ?? null,
  };
}

/** Everything that `work` sets off belongs to this request. */
export function asClient(request: FastifyRequest, work: () => void): void {
  clients.run(clientOf(request), work);
}

/** Whoever sent the request that is being answered; nobody outside of one. */
export function currentClient(): Client {
  return clients.getStore() ?? NOBODY;
}
