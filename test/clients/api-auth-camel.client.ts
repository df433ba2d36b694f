import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../../test-results/clients/api-auth-camel.js';
import { answered, bearer, CODE, type Walk } from '../support/walk.js';

export const walk: Walk = async ({ baseUrl, fetch, email, password, mailed }) => {
  const client = createClient<paths>({ baseUrl, fetch });

  const account = { email, phoneNumber: '15487711', password, password2: password };
  const made = answered(await client.POST('/api/auth/signup/', { body: account }));
  assert.deepEqual(made, { email, phoneNumber: '15487711' });

  // @ts-expect-error A password is required.
  const { error } = await client.POST('/api/auth/get-token/', { body: { email } });
  assert.deepEqual(error, { password: ['This field is required.'] });
  const { access } = answered(await client.POST('/api/auth/get-token/', { body: { email, password } }));
  const signedIn = bearer(access);
  answered(await client.PUT('/api/users/settings/', { ...signedIn, body: { firstName: 'Jane', lastName: 'Doe' } }));
  const changes = { body: { lastName: 'Roe' } };
  const settings = answered(await client.PATCH('/api/users/settings/', { ...signedIn, ...changes }));
  const lastName: string = settings.lastName;
  assert.equal(lastName, 'Roe');
  assert.deepEqual(answered(await client.GET('/api/users/settings/', signedIn)), settings);

  const changed = `new-${password}`;
  answered(
    await client.PATCH('/api/auth/change-password/', {
      ...signedIn,
      body: { password, newPassword: changed, newPassword2: changed },
    }),
  );
  const second = `second.${email}`;
  const moved = answered(await client.PATCH('/api/auth/change-email/', { ...signedIn, body: { email: second } }));
  assert.equal(moved.email, second);

  answered(await client.GET('/api/auth/reset-password/', { params: { query: { email: second } } }));
  const { code = '' } = await mailed(CODE, second);
  const { sessionToken } = answered(await client.POST('/api/auth/reset-password/', { body: { email: second, code } }));
  answered(
    await client.PATCH('/api/auth/reset-password/', {
      body: { email: second, sessionToken, newPassword: password, newPassword2: password },
    }),
  );
  const { response } = await client.GET('/api/users/settings/', signedIn);
  assert.equal(response.status, 401);
  answered(await client.POST('/api/auth/get-token/', { body: { email: second, password } }));
};
