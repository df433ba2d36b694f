import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OperatorService } from '../../src/auth/operator.service.js';
import { HousekeepingService } from '../../src/auth/housekeeping.service.js';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { KeyStore } from '../../src/tokens/key-store.js';
import { createClient, type TestClient } from '../support/clients.js';
import { askForReset, join, login, someone } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

interface Page {
  sets: string[];
  cursor: string;
  more: boolean;
}

let service: Service;
let client: TestClient;
beforeAll(async () => {
  service = await startService();
  client = await createClient(service, 'events', 'revoke');
});
afterAll(() => service.close());

const poll = (after?: string): Promise<Answered<Page>> =>
  service.request<Page>('GET', `/oauth/events${after === undefined ? '' : `?after=${after}`}`, {
    headers: { authorization: client.authorization },
  });
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
const typesOf = (page: Page): string[] =>
  page.sets.flatMap((set) => Object.keys(claimsOf(set).events as object)).map((type) => type.split(/[/:]/).at(-1)!);

async function since(after: string): Promise<Page> {
  const { body, status } = await poll(after);
  expect(status).toBe(200);
  return body;
}

describe('the feed', () => {
  it('begins with the cursor of this moment', async () => {
    await join(service);
    const { body, headers } = await poll();
    expect(body).toEqual({ sets: [], cursor: expect.stringMatching(/^\d+-\d+$/) as string, more: false });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('tells of every kind of end, in order, signed and of a type of its own', async () => {
    const email = someone();
    const { user } = await join(service, email);
    const { cursor } = (await poll()).body;
    const { access, refresh } = (await login(service, email)).body;
    const sid = claimsOf(access).sid;
    await service.request('POST', '/api/auth/logout/', { token: access, body: { refresh } });
    const page = await since(cursor);
    const keys = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
    const options = { issuer: 'https://auth.test', audience: 'https://auth.test' };
    const { payload, protectedHeader } = await jwtVerify(page.sets[0]!, keys, options);
    expect(protectedHeader.typ).toBe('secevent+jwt');
    const at = payload.iat;
    expect(payload).toEqual({
      iss: 'https://auth.test',
      aud: 'https://auth.test',
      iat: at,
      jti: page.cursor,
      sub_id: {
        format: 'complex',
        user: { format: 'iss_sub', iss: 'https://auth.test', sub: user.id },
        session: { format: 'opaque', id: sid },
      },
      events: {
        'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {
          event_timestamp: at,
          reason_admin: { en: 'logout' },
        },
      },
    });
    // It opens nothing.
    expect((await service.request('GET', '/api/auth/me/', { token: page.sets[0]! })).status).toBe(401);

    const operator = service.get(OperatorService);
    const ring = service.get(KeyRing);
    await service.request('POST', '/api/auth/password-reset/confirm/', {
      body: { token: await askForReset(service, email), password: 'newpassword123' },
    });
    await operator.disable(email);
    await service.sql('DELETE FROM users WHERE public_id = $1', [user.id]);
    await service.get(KeyStore).rotate(true);
    await ring.reload();
    const [, old] = await service.get(KeyStore).report();
    await service.get(KeyStore).revoke(old!.kid);
    const all: string[] = [];
    let next = page.cursor;
    await vi.waitFor(async () => {
      const more = await since(next);
      next = more.cursor;
      all.push(...typesOf(more));
      expect(all).toContain('signing-key-revoked');
    });
    expect(all.toSorted()).toEqual(
      [
        'account-disabled',
        'account-purged',
        'credential-change',
        'session-revoked',
        'session-revoked',
        'signing-key-revoked',
      ].toSorted(),
    );
    // Asked again from the same place, it tells the same.
    const [first] = (await since(cursor)).sets;
    expect(claimsOf(first!)).toEqual(claimsOf(page.sets[0]!));
  });

  it('answers whoever waits within two seconds', async () => {
    const { access } = await join(service);
    const { cursor } = (await poll()).body;
    const waiting = since(cursor).then((page) => ({ page, at: performance.now() }));
    await vi.waitFor(async () => expect((await service.request('GET', '/health/live')).status).toBe(200));
    const began = performance.now();
    await service.request('POST', '/oauth/revoke', {
      body: new URLSearchParams({ token: access }),
      headers: { authorization: client.authorization },
    });
    const { page, at } = await waiting;
    expect(typesOf(page)).toEqual(['session-revoked']);
    expect(at - began).toBeLessThan(2_000);
  });

  it.each(['x', '1', '-1-1', '1-2-3', '99999999999999999999-1', '1-99999999999999999999'])(
    'says that %j is no cursor',
    async (cursor) => {
      const { status, body } = await poll(cursor);
      expect([status, (body as unknown as { error: string }).error]).toEqual([400, 'invalid_request']);
    },
  );

  it('is for clients with the scope', async () => {
    const { authorization } = await createClient(service, 'introspect');
    expect((await service.request('GET', '/oauth/events')).status).toBe(401);
    expect((await service.request('GET', '/oauth/events', { headers: { authorization } })).status).toBe(403);
  });

  it('is cleared of what no token is left to care about', async () => {
    await service.sql(`UPDATE security_events SET created_at = now() - interval '46 days'`);
    await service.get(HousekeepingService).run();
    expect(await service.sql('SELECT id FROM security_events')).toEqual([]);
  });
});

/** Reads a stream until `isEnough` of the data lines, then hangs up; answers them and the last id. */
async function readStream(
  after: string,
  isEnough: (data: string[]) => boolean,
): Promise<{ data: string[]; lastId: string }> {
  // Not `fetch`: after a cut it connects anew by itself, and a connection that says nothing delays the stop.
  const request = get(`${service.url}/oauth/events`, {
    agent: false,
    headers: { authorization: client.authorization, accept: 'text/event-stream', 'last-event-id': after },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(response.headers['cache-control']).toBe('no-store');
  const data: string[] = [];
  let lastId = after;
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const line of blocks.flatMap((block) => block.split('\n'))) {
      if (line.startsWith('id: ')) lastId = line.slice(4);
      if (line.startsWith('data: ')) data.push(line.slice(6));
    }
    if (isEnough(data)) break;
  }
  request.destroy();
  return { data, lastId };
}

describe.skipIf(isEmbedded)('whoever follows', () => {
  it('loses nothing over cuts, whatever the order in which transactions commit', async () => {
    const { cursor } = (await poll()).body;
    const emails = Array.from({ length: 12 }, someone);
    const sids: string[] = [];
    for (const email of emails) {
      const { access } = await join(service, email);
      sids.push(String(claimsOf(access).sid));
    }
    const ends = (async () => {
      await Promise.all(
        sids.map((sid, index) =>
          service.sql(`DO $$ BEGIN
            UPDATE sessions SET ended_at = now(), ended_reason = 'logout' WHERE id = '${sid}';
            PERFORM pg_sleep(${(index % 4) / 5});
          END $$`),
        ),
      );
    })();
    const seen: string[] = [];
    let place = cursor;
    while (seen.length < sids.length) {
      const { data, lastId } = await readStream(place, (lines) => lines.length > 0);
      seen.push(...data.map((set) => (claimsOf(set).sub_id as { session: { id: string } }).session.id));
      place = lastId;
    }
    await ends;
    expect(seen.toSorted()).toEqual(sids.toSorted());
  });

  it('is let go when the service stops', async () => {
    const other = await startService();
    const { authorization } = await createClient(other, 'events');
    const response = await fetch(`${other.url}/oauth/events`, {
      headers: { authorization, accept: 'text/event-stream' },
    });
    const body = response.text();
    const began = performance.now();
    await other.close();
    expect(await body).toMatch(/^id: \d+-\d+\n/);
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
