import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../../test-results/clients/api-v1.js';
import { answered, bearer, LINK, type Walk } from '../support/walk.js';

/** The surface has no sign-up: whoever walks has an account. */
export const walk: Walk = async ({ baseUrl, fetch, email, username, password, mailed }) => {
  const client = createClient<paths>({ baseUrl, fetch });
  const asForm = { headers: { 'content-type': 'application/x-www-form-urlencoded' } };

  // @ts-expect-error A password is required.
  const { error } = await client.POST('/api/v1/auth/login', { ...asForm, body: { username } });
  const [problem] = Array.isArray(error?.detail) ? error.detail : [];
  assert.deepEqual(problem?.loc, ['body', 'password']);
  const login = answered(await client.POST('/api/v1/auth/login', { ...asForm, body: { username, password } }));
  const seconds: number = login.access_token.expires_in;
  assert.deepEqual([login.username, seconds], [username, 604_800]);
  const { access_token: access } = answered(
    await client.POST('/api/v1/auth/token', {
      ...asForm,
      body: { grant_type: 'password', username: email, password },
    }),
  );
  const me = answered(await client.GET('/api/v1/auth/me', bearer(access)));
  assert.deepEqual([me.email, me.is_superuser, me.tier_id], [email, false, null]);

  const next = answered(
    await client.POST('/api/v1/auth/refresh', {
      ...bearer(login.access_token.token),
      body: { token: login.refresh_token.token, expires_in: login.refresh_token.expires_in, token_type: 'bearer' },
    }),
  );
  const signedIn = bearer(next.access_token.token);
  answered(await client.POST('/api/v1/auth/logout', signedIn));
  const { response } = await client.GET('/api/v1/auth/me', signedIn);
  assert.equal(response.status, 401);

  const { message } = answered(
    await client.POST('/api/v1/auth/password-recovery/{email}', { params: { path: { email } } }),
  );
  assert.equal(message, 'Password recovery email sent.');
  const { token = '' } = await mailed(LINK);
  const changed = `new-${password}`;
  answered(await client.POST('/api/v1/auth/reset-password', { body: { token, new_password: changed } }));
  answered(await client.POST('/api/v1/auth/login', { ...asForm, body: { username, password: changed } }));
};
