import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { paths } from '../../test-results/clients/accounts.js';
import { answered, bearer, LINK, type Walk } from '../support/walk.js';

export const walk: Walk = async ({ baseUrl, fetch, email, username, password, mailed }) => {
  const client = createClient<paths>({ baseUrl, fetch });

  const account = { username, email, password, confirm_password: password };
  answered(await client.POST('/accounts/api/registration/', { body: account }));
  await mailed(LINK);
  const again = answered(await client.POST('/accounts/api/get/acctivation/token/', { body: { email } }));
  assert.match(again.msg, /activation link/);
  const { uid = '', token = '' } = await mailed(LINK);
  const path = { uidb64: uid, token };
  answered(await client.POST('/accounts/api/verify/token/{uidb64}/{token}/', { params: { path } }));

  // @ts-expect-error A password is required.
  const { error } = await client.POST('/accounts/api/login/', { body: { email } });
  assert.deepEqual(error, { password: ['This field is required.'] });
  const login = answered(await client.POST('/accounts/api/login/', { body: { email, password } }));
  const signedIn = bearer(login.access_token);
  const { data } = answered(await client.GET('/accounts/api/dashboard/', signedIn));
  const verified: boolean = data.is_verified;
  assert.deepEqual([data.username, verified, data.history[0]?.event], [username, true, 'login']);

  const told = { country: 'Nepal', bio: 'I build things.' };
  answered(await client.POST('/accounts/api/update/profile/', { ...signedIn, body: told }));
  const profile = answered(await client.GET('/accounts/api/get/profile/', signedIn));
  assert.deepEqual(profile, { ...told, profession: '', thoughts: '', profile_img: '' });
  const page = answered(
    await client.GET('/accounts/api/get/history/', { ...signedIn, params: { query: { page: '1' } } }),
  );
  assert.equal(page.history.length, page.count);

  const next = answered(await client.POST('/accounts/api/token/refresh/', { body: { refresh: login.refresh_token } }));
  const changed = `new-${password}`;
  answered(
    await client.POST('/accounts/api/change/password/', {
      ...bearer(next.access),
      body: { old_password: password, new_password: changed, confirm_password: changed },
    }),
  );

  answered(await client.POST('/accounts/api/forget/password/', { body: { email } }));
  const link = await mailed(LINK);
  answered(
    await client.POST('/accounts/api/set/new/forget/password/{uidb64}/{token}/', {
      params: { path: { uidb64: link.uid ?? '', token: link.token ?? '' } },
      body: { new_password: password, confirm_password: password },
    }),
  );
  const { response } = await client.GET('/accounts/api/get/profile/', bearer(next.access));
  assert.equal(response.status, 401);
  answered(await client.POST('/accounts/api/login/', { body: { email, password } }));
};
