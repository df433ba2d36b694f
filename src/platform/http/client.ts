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

/**
 * The customers of one connection: an IPv4 address, or the /64 that a household or a machine is given of IPv6. However
 * an address is spelled, it is in one network.
 */
export function networkOf(ip: string | null): string {
  if (ip === null) return 'unknown';
  if (isIP(ip) === 4) return ip;
  const groups = groupsOf(ip);
  const [fifth = '', sixth, high = '0', low = '0'] = groups.slice(4);
  if (sixth === 'ffff' && [...groups.slice(0, 4), fifth].every((group) => group === '0')) {
    return [high, low]
      .map((group) => Number.parseInt(group, 16))
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** The eight groups, each in its shortest spelling; URLs have one spelling for every address (RFC 5952). */
function groupsOf(ip: string): string[] {
  const [address = ''] = ip.split('%');
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const [before, after] = [head, tail].map((half) => half.split(':').filter((group) => group !== ''));
  const gap = 8 - (before?.length ?? 0) - (after?.length ?? 0);
  return [...(before ?? []), ...Array<string>(gap).fill('0'), ...(after ?? [])];
}

/** Everything that `work` sets off belongs to this request. */
export function asClient(request: FastifyRequest, work: () => void): void {
  clients.run(clientOf(request), work);
}

/** Whoever sent the request that is being answered; nobody outside of one. */
export function currentClient(): Client {
  return clients.getStore() ?? NOBODY;
}
