import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, createRemoteJWKSet, decodeProtectedHeader, jwtVerify, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, createClient } from '../support/clients.js';
import { join } from '../support/people.js';
import { createDatabase, isEmbedded, startService, type Service } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('discovery', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ FRONTEND_ORIGINS: 'https://app.test', JWKS_MAX_AGE: '120' });
  });
  afterAll(() => service.close());

  it('publishes public keys and nothing else of them, named by their thumbprints', async () => {
    const { body, headers, status } = await service.request<{ keys: JWK[] }>('GET', '/.well-known/jwks.json');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(headers.get('cache-control')).toBe('public, max-age=120');
    expect(body.keys).toHaveLength(1);
    const [key] = body.keys;
    expect(Object.keys(key!).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' });
    expect(key!.kid).toBe(await calculateJwkThumbprint(key!));
  });

  it.each(['https://app.test', 'https://stranger.test'])('is open to scripts of %s', async (origin) => {
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      const { headers } = await service.request('GET', path, { headers: { origin } });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('says where everything is', async () => {
    const { body } = await service.request('GET', '/.well-known/oauth-authorization-server/');
    expect(body).toEqual({
      issuer: 'https://auth.test',
      jwks_uri: 'https://auth.test/.well-known/jwks.json',
      service_documentation: 'https://auth.test/docs',
      response_types_supported: [],
      grant_types_supported: [],
      introspection_endpoint: 'https://auth.test/oauth/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      revocation_endpoint: 'https://auth.test/oauth/revoke',
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
  });

  it('takes other methods for mistakes', async () => {
    const answer = await service.request('POST', '/.well-known/jwks.json');
    expect(answer.status).toBe(405);
    expect((await service.request('HEAD', '/.well-known/jwks.json')).status).toBe(200);
  });
});

describe('a verifier that has our keys and nothing else', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.close());

  it('lets good access tokens in, and nothing else', async () => {
    let hits = 0;
    const listener = createServer((_, response) => {
      hits += 1;
      response.end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const elsewhere = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/jwks.json`;

    const keys = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
    const options = {
      issuer: 'https://auth.test',
      audience: 'https://auth.test',
      typ: 'at+jwt',
      algorithms: ['ES256'],
    };
    const { access, refresh, user } = await join(service);
    const { payload } = await jwtVerify(access, keys, options);
    expect(payload).toMatchObject({ sub: user.id, token_type: 'access' });

    const [head = '', body = '', signature = ''] = access.split('.');
    const header = decodeProtectedHeader(access);
    const { body: set } = await service.request<{ keys: JWK[] }>('GET', '/.well-known/jwks.json');
    const publicKey = createPublicKey({ key: set.keys[0]!, format: 'jwk' });
    const forge = (changes: object, sign: (text: string) => string): string => {
      const text = `${Buffer.from(JSON.stringify({ ...header, ...changes })).toString('base64url')}.${body}`;
      return `${text}.${sign(text)}`;
    };
    const hs256 = (secret: Buffer | string): string =>
      forge({ alg: 'HS256' }, (text) => createHmac('sha256', secret).update(text).digest('base64url'));
    const keep = (): string => signature;
    const forged = [
      refresh,
      `${head}.${body}.`,
      forge({ alg: 'none' }, () => ''),
      hs256(publicKey.export({ type: 'spki', format: 'pem' })),
      hs256(publicKey.export({ type: 'spki', format: 'der' })),
      hs256(JSON.stringify(set.keys[0])),
      forge({ kid: 'nowhere' }, keep),
      forge({ kid: '../../../dev/null' }, keep),
      forge({ jku: elsewhere }, keep),
      forge({ x5u: elsewhere }, keep),
      forge({ jwk: set.keys[0] }, keep),
    ];
    const client = await createClient(service, 'introspect');
    for (const [index, token] of forged.entries()) {
      await expect(jwtVerify(token, keys, options), String(index)).rejects.toThrow();
      const { body: answer } = await ask(service, 'introspect', { token }, client.authorization);
      expect([index, answer.active]).toEqual([index, token === refresh]);
      expect([index, (await service.request('GET', '/api/auth/me/', { token })).status]).toEqual([index, 401]);
    }
    await expect(jwtVerify(access, keys, { ...options, issuer: 'https://other.test' })).rejects.toThrow();
    await expect(jwtVerify(access, keys, { ...options, audience: 'https://other.test' })).rejects.toThrow();
    expect(hits).toBe(0);
    listener.close();
  });
});

describe.skipIf(isEmbedded)('while the database is away', () => {
  it('the keys are there, and questions about tokens are answered with 503', async () => {
    const database = await createDatabase();
    const proxy = await new TcpProxy(new URL(database.variables.DATABASE_URL ?? '')).open();
    const service = await startService({ DATABASE_URL: proxy.url }, { database });
    try {
      const { access } = await join(service);
      const client = await createClient(service, 'introspect');
      await proxy.cut();
      const { body, status } = await service.request<{ keys: JWK[] }>('GET', '/.well-known/jwks.json');
      expect(status).toBe(200);
      expect(body.keys.map(({ kid }) => kid)).toEqual([decodeProtectedHeader(access).kid]);
      const answer = await ask(service, 'introspect', { token: access }, client.authorization);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
    } finally {
      await service.close();
      await proxy.cut();
      await database.drop();
    }
  });
});
