import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../../test-results/clients/api-auth.js';
import { answered, bearer, LINK, type Walk } from '../support/walk.js';

const GIF = 'R0lGODlhAQABAIAAAP8AAP8AACwAAAAAAQABAAACAkQBADs=';

/** A file goes by name; the document counts it as a text. */
function asForm({ avatar }: { avatar: string }): FormData {
  const form = new FormData();
  form.set('avatar', new Blob([Buffer.from(avatar, 'base64')]), 'me.gif');
  return form;
}

export const walk: Walk = async ({ baseUrl, fetch, email, username, password, mailed }) => {
  const client = createClient<paths>({ baseUrl, fetch });

  const person = { email, username, first_name: 'John', last_name: 'Doe', phone_number: null };
  const welcome = answered(
    await client.POST('/api/auth/register/', { body: { ...person, password, confirm_password: password } }),
  );
  assert.match(welcome.message, /verification link/);
  const { token } = await mailed(LINK);
  const verified = answered(await client.POST('/api/auth/verify-email/', { body: { token } }));
  assert.equal(verified.user.email, email);

  // @ts-expect-error A password is required.
  const { error } = await client.POST('/api/auth/login/', { body: { email } });
  assert.deepEqual(error, { password: ['This field is required.'] });
  const login = answered(await client.POST('/api/auth/login/', { body: { email, password } }));
  const me = answered(await client.GET('/api/auth/me/', bearer(login.access)));
  const role: 'Viewer' | 'Manager' | 'Admin' = me.role;
  assert.deepEqual([me.username, role, me.avatar], [username, 'Viewer', null]);
  assert.deepEqual(answered(await client.GET('/api/auth/user/', bearer(login.access))), me);

  const picture = { ...bearer(login.access), body: { avatar: GIF }, bodySerializer: asForm };
  const withPicture = answered(await client.PUT('/api/auth/me/avatar/', picture));
  assert.match(withPicture.avatar ?? '', /^\/pictures\//);
  const without = answered(await client.DELETE('/api/auth/me/avatar/', bearer(login.access)));
  assert.equal(without.avatar, null);

  const next = answered(await client.POST('/api/auth/token/refresh/', { body: { refresh: login.refresh } }));
  answered(await client.POST('/api/auth/logout/', { ...bearer(next.access), body: { refresh: next.refresh } }));
  const { response } = await client.GET('/api/auth/me/', bearer(next.access));
  assert.equal(response.status, 401);

  answered(await client.POST('/api/auth/password-reset/', { body: { email } }));
  const link = await mailed(LINK);
  const body = { token: link.token, password: `new-${password}` };
  const reset = answered(await client.POST('/api/auth/password-reset/confirm/', { body }));
  assert.equal(reset.user.id, me.id);
  answered(await client.POST('/api/auth/login/', { body: { email, password: body.password } }));
};
