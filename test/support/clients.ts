import { ServiceClientsService, type ClientScope } from '../../src/clients/service-clients.service.js';
import type { Answered, Service } from './service.js';

/** A service client with these scopes, as the header that proves it. */
export interface TestClient {
  id: string;
  secret: string;
  authorization: string;
}

export async function createClient(service: Service, ...scopes: ClientScope[]): Promise<TestClient> {
  const { client, secret } = await service.get(ServiceClientsService).create('a test', scopes);
  return { id: client.id, secret, authorization: basic(client.id, secret) };
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** A form to `/oauth/…`; of a header that is empty, none. */
export function ask<Body = Record<string, unknown>>(
  service: Service,
  path: string,
  form: Record<string, string>,
  authorization = '',
): Promise<Answered<Body>> {
  return service.request<Body>('POST', `/oauth/${path}`, {
    body: new URLSearchParams(form),
    headers: authorization === '' ? {} : { authorization },
  });
}
