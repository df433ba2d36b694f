import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import {
  askForNewPassword,
  invite,
  joinAccounts,
  linkIn,
  logIn,
  mailAbout,
  newcomer,
  post,
  type Tokens,
} from '../support/accounts.js';
import { PASSWORD, register as registerElsewhere, someone } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const SUBJECT = 'Activate your account';
const SENT =
  "We have send you account activation link at your registered email address. If you don't receive email than please make sure you have enter registered email address. Thank you!";
const ACTIVATED = { msg: 'Congrats! your account is successfully activated. Now you can login.' };
const BAD_LINK = {
  detail: 'Activation link is invalid or expired.',
  msg: 'Activation link is invalid or expired.',
};
const SPELLINGS = ['get/acctivation/token/', 'get/accttivation/token/', 'get/activation/token/'];

const mailsTo = async (email: string): Promise<number> => {
  const [row] = await service.sql<{ count: number }>(
    'SELECT count(*)::integer AS count FROM outgoing_mails WHERE recipient = $1',
    [email],
  );
  return row?.count ?? 0;
};
const stateOf = (email: string): Promise<unknown[]> =>
  service.sql('SELECT state, email_verified_at IS NOT NULL AS verified FROM users WHERE email = $1', [email]);
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe.each(SPELLINGS)('%s', (path) => {
  it('mails a new link, which replaces the older one', async () => {
    const { email, path: older } = await invite(service);
    const answer = await post<Tokens>(service, path, { email: ` ${email.toUpperCase()} ` });
    expect(answer.body.msg).toBe(SENT);
    expect(Object.keys(answer.body)).toEqual(['msg', 'access_token', 'refresh_token']);
    expect(answer.status).toBe(200);
    const { uid, token } = linkIn(await mailAbout(service, email, SUBJECT, 2));
    expect((await post(service, older)).body).toEqual(BAD_LINK);
    expect((await post(service, `verify/token/${uid}/${token}/`)).body).toEqual(ACTIVATED);
  });

  it('names an unknown address', async () => {
    const email = someone();
    const answer = await post(service, path, { email });
    expect(answer.body).toEqual({ email: ['User with this email does not exist.'] });
    expect(answer.status).toBe(400);
    expect(await mailsTo(email)).toBe(0);
  });

  it('sends nothing to a verified one, in the same words', async () => {
    const { email } = await joinAccounts(service);
    const before = await mailsTo(email);
    const answer = await post<Tokens>(service, path, { email });
    expect(answer.body.msg).toBe(SENT);
    expect(answer.status).toBe(200);
    expect(await mailsTo(email)).toBe(before);
  });

  it('mails to an account that is active and not verified, as another surface makes them', async () => {
    const { email } = await invite(service);
    await service.sql(`UPDATE users SET state = 'active' WHERE email = $1`, [email]);
    expect((await post(service, path, { email })).status).toBe(200);
    const { uid, token } = linkIn(await mailAbout(service, email, SUBJECT, 2));
    expect((await post(service, `verify/token/${uid}/${token}/`)).body).toEqual(ACTIVATED);
    expect(await stateOf(email)).toEqual([{ state: 'active', verified: true }]);
  });

  it('sends nothing to a disabled account', async () => {
    const { email } = await invite(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expect((await post(service, path, { email })).status).toBe(200);
    expect(await mailsTo(email)).toBe(1);
  });

  it.each<[object, object]>([
    [{}, { email: ['This field is required.'] }],
    [{ email: '' }, { email: ['This field may not be blank.'] }],
    [{ email: null }, { email: ['This field may not be null.'] }],
    [{ email: [] }, { email: ['Enter a valid email address.'] }],
    [{ email: 'plain' }, { email: ['Enter a valid email address.'] }],
    [
      { email: 'plain', verification_base_url: 'string' },
      {
        email: ['Enter a valid email address.'],
        verification_base_url: ['This verification_base_url is not allowed.'],
      },
    ],
  ])('refuses %j', async (body, expected) => {
    const answer = await post(service, path, body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
  });
});

describe('the tokens of that answer', () => {
  it('are signed, over, about nobody, and different', async () => {
    const { email } = await joinAccounts(service);
    const { body } = await post<Tokens>(service, SPELLINGS[0]!, { email });
    const claims = [body.access_token, body.refresh_token].map(claimsOf);
    for (const { iat, exp, jti, ...rest } of claims) {
      expect(rest).toEqual({ iss: 'https://auth.test', aud: 'https://auth.test', token_type: 'pending' });
      expect(exp).toBe(iat);
      expect(exp as number).toBeLessThanOrEqual(Date.now() / 1000);
      expect(jti).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(body.access_token).not.toBe(body.refresh_token);
    expect(
      await service.sql('SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1', [email]),
    ).toHaveLength(1);
  });

  it('open nothing', async () => {
    const member = await joinAccounts(service);
    const { body } = await post<Tokens>(service, SPELLINGS[0]!, { email: member.email });
    for (const token of [body.access_token, body.refresh_token]) {
      for (const [method, path] of [
        ['GET', '/accounts/api/dashboard/'],
        ['GET', '/accounts/api/get/profile/'],
        ['GET', '/accounts/api/get/history/'],
        ['POST', '/accounts/api/update/profile/'],
        ['POST', '/accounts/api/change/password/'],
        ['GET', '/api/auth/me/'],
        ['POST', '/api/auth/logout/'],
      ] as const) {
        const answer = await service.request(method, path, { token, ...(method === 'POST' ? { body: {} } : {}) });
        expect([path, answer.status, answer.body]).toEqual([
          path,
          401,
          {
            detail: 'Given token not valid for any token type',
            code: 'token_not_valid',
            messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is expired' }],
          },
        ]);
      }
      for (const path of ['/accounts/api/token/refresh/', '/api/auth/token/refresh/']) {
        const answer = await service.request('POST', path, { body: { refresh: token } });
        expect([answer.status, answer.body]).toEqual([401, { detail: 'Token is expired', code: 'token_not_valid' }]);
      }
      const logout = await service.request('POST', '/api/auth/logout/', {
        token: member.access,
        body: { refresh: token },
      });
      expect(logout.status).toBe(400);
      expect((await post(service, `verify/token/MQ/${token}/`)).status).toBe(400);
    }
    expect((await service.request('GET', '/accounts/api/dashboard/', { token: member.access })).status).toBe(200);
  });

  it('open nothing even where the clock is slow, since they are of no kind that is asked for', async () => {
    const codec = service.get(TokenCodec);
    const token = codec.signInert();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60_000 });
    expect(await codec.read(token, 'access')).toEqual({ outcome: 'invalid' });
    expect(await codec.read(token, 'refresh')).toEqual({ outcome: 'invalid' });
  });
});

describe('verify', () => {
  it.each<[string, RequestInit]>([
    ['no body', {}],
    ['an empty one', { body: '', headers: { 'content-length': '0' } }],
    ['an object', { body: '{}', headers: { 'content-type': 'application/json' } }],
    ['a type and no body', { headers: { 'content-type': 'application/json' } }],
    ['a form', { body: new URLSearchParams() }],
    ['whatever', { body: 'x', headers: { 'content-type': 'application/xml' } }],
    ['a bad header', { headers: { authorization: 'Bearer nonsense' } }],
  ])('takes %s', async (_, init) => {
    const { path, email } = await invite(service);
    const answer = await fetch(`${service.url}/accounts/api/${path}`, { method: 'POST', ...init });
    expect([answer.status, await answer.json()]).toEqual([200, ACTIVATED]);
    expect(await stateOf(email)).toEqual([{ state: 'active', verified: true }]);
  });

  it('takes the path without its slash, and the id padded', async () => {
    const { path } = await invite(service);
    const [uid = '', token = ''] = path.split('/').slice(2);
    const padded = uid.padEnd(Math.ceil(uid.length / 4) * 4, '=');
    expect((await post(service, `verify/token/${encodeURIComponent(padded)}/${token}`)).body).toEqual(ACTIVATED);
  });

  it('answers the same link again, and changes nothing by it', async () => {
    const { path, email } = await invite(service);
    await post(service, path);
    const { body: tokens } = await logIn(service, email);
    const events = await service.sql('SELECT count(*) FROM account_events');
    for (let i = 0; i < 2; i += 1) {
      const again = await post(service, path);
      expect([again.status, again.body]).toEqual([200, ACTIVATED]);
    }
    expect(await service.sql('SELECT count(*) FROM account_events')).toEqual(events);
    const dashboard = await service.request('GET', '/accounts/api/dashboard/', { token: tokens.access_token });
    expect(dashboard.status).toBe(200);
  });

  it.skipIf(isEmbedded)('activates once when sixteen follow the link at once', async () => {
    const { path, email } = await invite(service);
    const answers = await Promise.all(Array.from({ length: 16 }, () => post(service, path)));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(16).fill([200, ACTIVATED]));
    expect(
      await service.sql(
        `SELECT count(*)::integer AS count FROM account_events e JOIN users u ON u.id = e.user_id
         WHERE u.email = $1 AND event = 'activation'`,
        [email],
      ),
    ).toEqual([{ count: 1 }]);
  });

  it('does not answer it again once the account is disabled, or has another address', async () => {
    for (const change of [
      `state = 'disabled'`,
      `email_verified_at = NULL`,
      `email_canonical = 'other' || email_canonical`,
    ]) {
      const { path, email } = await invite(service);
      await post(service, path);
      await service.sql(`UPDATE users SET ${change} WHERE email = $1`, [email]);
      const answer = await post(service, path);
      expect([change, answer.status, answer.body]).toEqual([change, 400, BAD_LINK]);
    }
  });

  it('ends older sessions at the first proof', async () => {
    const { path, email } = await invite(service);
    await service.sql(`UPDATE users SET state = 'active' WHERE email = $1`, [email]);
    const { body } = await service.request<{ access: string }>('POST', '/api/auth/login/', {
      body: { email, password: PASSWORD },
    });
    await post(service, path);
    expect((await service.request('GET', '/api/auth/me/', { token: body.access })).status).toBe(401);
  });

  it('refuses every bad link in the same words', async () => {
    const { path } = await invite(service);
    const other = await invite(service);
    const [uid = '', token = ''] = path.split('/').slice(2);
    const [otherUid = ''] = other.path.split('/').slice(2);
    const reset = await askForNewPassword(service, other.email);
    const links = [
      [uid, 'unknown'],
      [uid, '0'.repeat(32)],
      [uid, token.toUpperCase() === token ? `${token}x` : token.toUpperCase()],
      [uid, `${token}0`],
      [uid, '%00'],
      [uid, '%F0%9F%98%80'],
      [uid, 'x'.repeat(900)],
      ['uidb64', token],
      [otherUid, token],
      [`${uid}x`, token],
      [Buffer.from('0').toString('base64url'), token],
      [Buffer.from('-1').toString('base64url'), token],
      [Buffer.from('1e300').toString('base64url'), token],
      [Buffer.from('99999999999999').toString('base64url'), token],
      [Buffer.from(' 1').toString('base64url'), token],
      ['%00', token],
      ['x'.repeat(900), token],
      reset.split('/').slice(-3, -1),
    ];
    for (const [oneUid, oneToken] of links) {
      const answer = await post(service, `verify/token/${oneUid}/${oneToken}/`);
      expect([oneUid, oneToken, answer.status, answer.body]).toEqual([oneUid, oneToken, 400, BAD_LINK]);
    }
    expect((await post(service, path)).body).toEqual(ACTIVATED);
  });

  it('refuses a link that has expired, and one of a disabled account', async () => {
    const { path, email } = await invite(service);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expect((await post(service, path)).body).toEqual(BAD_LINK);
    expect(await stateOf(email)).toEqual([{ state: 'disabled', verified: false }]);
    const late = await invite(service);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 + 1_000 });
    const answer = await post(service, late.path);
    expect([answer.status, answer.body]).toEqual([400, BAD_LINK]);
  });

  it('is no GET: opening the address changes nothing', async () => {
    const { path, email } = await invite(service);
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const answer = await service.request(method, `/accounts/api/${path}`);
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([
        method,
        method === 'OPTIONS' ? 204 : 405,
        'POST, OPTIONS',
      ]);
    }
    expect(await stateOf(email)).toEqual([{ state: 'pending', verified: false }]);
  });

  it('takes the links of another surface, and that one takes these', async () => {
    const email = someone();
    await registerElsewhere(service, email);
    const [, token = ''] = /token=([0-9a-f]+)/.exec((await service.smtp.next(email)).text) ?? [];
    const [row] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [email]);
    const uid = Buffer.from(String(row?.id)).toString('base64url');
    expect((await post(service, `verify/token/${uid}/${token}/`)).body).toEqual(ACTIVATED);
    const body = newcomer();
    await post(service, 'registration/', body);
    const mine = linkIn(await service.smtp.next(body.email));
    const there = await service.request('POST', '/api/auth/verify-email/', { body: { token: mine.token } });
    expect(there.status).toBe(200);
  });
});
