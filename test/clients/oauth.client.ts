import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../../test-results/clients/oauth.js';
import { answered, type Walk } from '../support/walk.js';

/** A service that is shown the token of whoever walks. */
export const walk: Walk = async ({ baseUrl, fetch, access, service: authorization }) => {
  const client = createClient<paths>({ baseUrl, fetch });
  const asService = { headers: { authorization } };

  const { keys } = answered(await client.GET('/.well-known/jwks.json'));
  const use: 'sig' | undefined = keys[0]?.use;
  assert.equal(use, 'sig');
  const metadata = answered(await client.GET('/.well-known/oauth-authorization-server'));
  assert.match(metadata.introspection_endpoint, /\/oauth\/introspect$/);
  const { cursor } = answered(await client.GET('/oauth/events', asService));

  // @ts-expect-error A token is required.
  const { response } = await client.POST('/oauth/introspect', { ...asService, body: {} });
  assert.equal(response.status, 400);
  const body = { token: access };
  const good = answered(await client.POST('/oauth/introspect', { ...asService, body }));
  const role: 'Viewer' | 'Manager' | 'Admin' | undefined = good.role;
  assert.deepEqual([good.active, good.token_use, role], [true, 'access', 'Viewer']);
  answered(await client.POST('/oauth/revoke', { ...asService, body }));
  assert.deepEqual(answered(await client.POST('/oauth/introspect', { ...asService, body })), { active: false });
  const why = answered(await client.POST('/oauth/explain', { ...asService, body }));
  assert.deepEqual([why.good, why.code], [false, 'session_ended']);

  const news = answered(await client.GET('/oauth/events', { ...asService, params: { query: { after: cursor } } }));
  assert.equal(news.sets.length, 1);
};
