import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../../test-results/clients/djoser.js';
import { answered, bearer, LINK, type Walk } from '../support/walk.js';

export const walk: Walk = async ({ baseUrl, fetch, email, password, mailed }) => {
  const client = createClient<paths>({ baseUrl, fetch });
  const linkOf = async (): Promise<{ uid: string; token: string }> => {
    const { uid = '', token = '' } = await mailed(LINK);
    return { uid, token };
  };

  const made = answered(
    await client.POST('/auth/users/', { body: { email, name: 'Jane Doe', password, re_password: password } }),
  );
  await linkOf();
  answered(await client.POST('/auth/users/resend_activation/', { body: { email } }));
  answered(await client.POST('/auth/users/activation/', { body: await linkOf() }));

  // @ts-expect-error A password is required.
  const { error } = await client.POST('/auth/jwt/create/', { body: { email } });
  assert.deepEqual(error, { password: ['This field is required.'] });
  const { access, refresh } = answered(await client.POST('/auth/jwt/create/', { body: { email, password } }));
  const next = answered(await client.POST('/auth/jwt/refresh/', { body: { refresh } }));
  answered(await client.POST('/auth/jwt/verify/', { body: { token: next.access } }));

  const signedIn = bearer(access);
  const me = answered(await client.GET('/auth/users/me/', signedIn));
  const number: number = me.id;
  assert.deepEqual(me, made);
  assert.deepEqual(answered(await client.GET('/auth/users/', signedIn)), [me]);
  const params = { path: { id: String(number) } };
  assert.deepEqual(answered(await client.GET('/auth/users/{id}/', { ...signedIn, params })), me);
  answered(await client.PATCH('/auth/users/{id}/', { ...signedIn, params, body: { name: 'Jane Roe' } }));
  answered(await client.PUT('/auth/users/me/', { ...signedIn, body: { name: 'Jane' } }));
  const renamed = answered(await client.PATCH('/auth/users/me/', { ...signedIn, body: { name: 'Jane Public' } }));
  assert.equal(renamed.name, 'Jane Public');

  const changed = `new-${password}`;
  answered(
    await client.POST('/auth/users/set_password/', {
      ...signedIn,
      body: { current_password: password, new_password: changed, re_new_password: changed },
    }),
  );
  const second = `second.${email}`;
  answered(
    await client.POST('/auth/users/set_email/', {
      ...signedIn,
      body: { current_password: changed, new_email: second, re_new_email: second },
    }),
  );
  answered(await client.POST('/auth/users/reset_email/', { body: { email: second } }));
  const { uid = '', token = '' } = await mailed(LINK, second);
  answered(await client.POST('/auth/users/reset_email_confirm/', { body: { uid, token, new_email: email } }));
  const { response } = await client.GET('/auth/users/me/', signedIn);
  assert.equal(response.status, 401);

  answered(await client.POST('/auth/users/reset_password/', { body: { email } }));
  const body = { ...(await linkOf()), new_password: password, re_new_password: password };
  answered(await client.POST('/auth/users/reset_password_confirm/', { body }));
  const login = answered(await client.POST('/auth/jwt/create/', { body: { email, password } }));
  answered(await client.DELETE('/auth/users/me/', { ...bearer(login.access), body: { current_password: password } }));
};
