import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { KeyStore } from '../../src/tokens/key-store.js';
import { ask, createClient, type TestClient } from '../support/clients.js';
import { askForReset, join, login, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

interface Explained {
  good: boolean;
  code: string;
  description: string;
  details: Record<string, unknown>;
}

let service: Service;
let client: TestClient;
beforeAll(async () => {
  service = await startService();
  client = await createClient(service, 'explain', 'introspect');
});
afterAll(() => service.close());
afterEach(() => void vi.useRealTimers());

const explain = (token: string): Promise<Answered<Explained>> =>
  ask<Explained>(service, 'explain', { token }, client.authorization);

/** What is explained is what is done: by the routes, and by introspection. */
async function expectReason(token: string, code: string): Promise<Explained> {
  const { body, status } = await explain(token);
  expect([status, body.code, body.good]).toEqual([200, code, code === 'good']);
  const { body: asked } = await ask(service, 'introspect', { token }, client.authorization);
  expect([code, asked.active]).toEqual([code, body.good]);
  expect(body.description).toMatch(/^[A-Z].*[.?]$/);
  return body;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

function es256(key: KeyObject, header: object, claims: object): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

it('says why a token is good or refused, and is of one mind with introspection', async () => {
  const email = someone();
  const { access, refresh, user } = await join(service, email);
  expect((await expectReason(access, 'good')).details).toMatchObject({ kind: 'access' });
  expect((await expectReason(refresh, 'good')).details).toMatchObject({ kind: 'refresh' });

  const [head, payload] = access.split('.');
  const [header, claims] = [decode(head), decode(payload)];
  const own = service.get(KeyRing).signing.privateKey;
  const stranger = createPrivateKey(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
  );
  await expectReason('x', 'malformed');
  await expectReason('a.b.c', 'malformed');
  await expectReason(`${encode({ ...header, alg: 'none' })}.${payload}.`, 'wrong_algorithm');
  await expectReason(`${encode({ ...header, alg: 'HS256' })}.${payload}.x`, 'wrong_algorithm');
  const unknown = await expectReason(es256(own, { ...header, kid: '../../dev/null' }, claims), 'unknown_key');
  expect(unknown.details).toEqual({ kid: '../../dev/null' });
  await expectReason(es256(stranger, header, claims), 'bad_signature');
  await expectReason(es256(own, header, { ...claims, iss: 'https://other.test' }), 'wrong_issuer');
  await expectReason(es256(own, header, { ...claims, aud: 'https://other.test' }), 'wrong_audience');
  await expectReason(es256(own, header, { ...claims, nbf: Number(claims.exp) - 1 }), 'not_yet_valid');
  await expectReason(es256(own, header, { ...claims, sid: 7 }), 'unreadable_claims');
  await expectReason(es256(own, { ...header, typ: 'rt+jwt' }, claims), 'wrong_type');
  await expectReason(es256(own, header, { ...claims, token_type: 'refresh' }), 'wrong_type');
  await expectReason(es256(own, header, { ...claims, sid: '00000000-0000-4000-8000-000000000000' }), 'session_unknown');
  await expectReason(
    es256(own, header, { ...claims, sub: '00000000-0000-4000-8000-000000000000' }),
    'session_of_another',
  );

  vi.useFakeTimers({ toFake: ['Date'], now: (Number(claims.exp) + 3) * 1000 });
  const expired = await expectReason(access, 'expired');
  expect([expired.details, expired.description]).toEqual([{ ago: 3 }, 'It expired 3 s ago.']);
  vi.useRealTimers();

  await service.sql(`UPDATE users SET state = 'disabled' WHERE public_id = $1`, [user.id]);
  await expectReason(access, 'account_not_active');
  await service.sql(`UPDATE users SET state = 'active' WHERE public_id = $1`, [user.id]);
  await service.request('POST', '/api/auth/password-reset/confirm/', {
    body: { token: await askForReset(service, email), password: 'newpassword123' },
  });
  const ended = await expectReason(access, 'session_ended');
  expect(ended.details).toMatchObject({ reason: 'password_reset' });
  expect(ended.description).toMatch(/^Its session ended at 20\S+Z: the password was reset\.$/);
  await service.sql('DELETE FROM users WHERE public_id = $1', [user.id]);
  await expectReason(access, 'session_unknown');
});

it('knows a refresh token that was replaced', async () => {
  const { refresh } = await join(service);
  await service.request('POST', '/api/auth/token/refresh/', { body: { refresh } });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 21_000 });
  await expectReason(refresh, 'refresh_replaced');
});

it('knows what became of a key', async () => {
  const email = someone();
  await join(service, email);
  const store = service.get(KeyStore);
  const ring = service.get(KeyRing);
  const { access: first } = (await login(service, email)).body;
  const retired = ring.signing.kid;
  await store.rotate(true);
  await store.retire(retired);
  await ring.reload();
  expect((await expectReason(first, 'key_retired')).details).toEqual({ kid: retired });
  const { access: second } = (await login(service, email)).body;
  const revoked = ring.signing.kid;
  await store.revoke(revoked);
  await ring.reload();
  expect((await expectReason(second, 'key_revoked')).details).toMatchObject({ kid: revoked });
});

it('is for clients with the scope', async () => {
  const { authorization } = await createClient(service, 'introspect');
  expect((await ask(service, 'explain', { token: 'x' }, authorization)).status).toBe(403);
});
