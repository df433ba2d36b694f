import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS, type Story } from '../../src/limits/limit-table.js';
import { LimitsService } from '../../src/limits/limits.service.js';
import { from } from '../support/networks.js';
import { documentedOperations, problemOf, send } from '../support/operations.js';
import { join, login, PASSWORD, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

/** Wrong passwords that one network may try at one account. */
const MOST = LIMITS.login[0].most;

/** The five surfaces' logins; `/token` is a second one of its surface. */
const LOGINS: Record<
  string,
  (service: Service, email: string, password: string, headers?: Headers) => Promise<Answered>
> = {
  'api-auth': (service, email, password, headers = {}) =>
    service.request('POST', '/api/auth/login/', { body: { email, password }, headers }),
  accounts: (service, email, password, headers = {}) =>
    service.request('POST', '/accounts/api/login/', { body: { email, password }, headers }),
  'api-v1': (service, username, password, headers = {}) =>
    service.request('POST', '/api/v1/auth/login', { body: new URLSearchParams({ username, password }), headers }),
  'api-v1 /token': (service, username, password, headers = {}) =>
    service.request('POST', '/api/v1/auth/token', {
      body: new URLSearchParams({ grant_type: 'password', username, password }),
      headers,
    }),
  djoser: (service, email, password, headers = {}) =>
    service.request('POST', '/auth/jwt/create/', { body: { email, password }, headers }),
  'api-auth-camel': (service, email, password, headers = {}) =>
    service.request('POST', '/api/auth/get-token/', { body: { email, password }, headers }),
};
type Headers = Record<string, string>;

/** What a surface says, to the letter. */
function words(surface: string, retryAfter: number): unknown {
  if (surface.startsWith('api-v1')) return { detail: 'Too Many Requests' };
  if (surface === 'oauth') return { error: 'temporarily_unavailable', error_description: 'Try again later.' };
  const seconds = retryAfter === 1 ? 'second' : 'seconds';
  return { detail: `Request was throttled. Expected available in ${retryAfter} ${seconds}.` };
}

function expectRefused(surface: string, { status, body, headers }: Answered): void {
  expect(status).toBe(429);
  const retryAfter = Number(headers.get('retry-after'));
  expect(Number.isInteger(retryAfter)).toBe(true);
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  expect(body).toEqual(words(surface, retryAfter));
  expect(headers.get('cache-control')).toBe('no-store');
}

async function failed(service: Service, email: string): Promise<number> {
  const text = `SELECT 1 FROM account_events e JOIN users u ON u.id = e.user_id
                WHERE u.email = $1 AND e.event = 'login_failed'`;
  return (await service.sql(text, [email])).length;
}

let service: Service;

describe('with limits', () => {
  beforeAll(async () => {
    service = await startService({ RATE_LIMITS: 'on' });
  });
  afterAll(() => service.close());
  beforeEach(() => service.sql('DELETE FROM rate_limits'));

  it.each(Object.keys(LOGINS))('%s refuses to look at more guesses, in its own words', async (name) => {
    const { user } = await join(service);
    for (let time = 0; time < MOST; time += 1) {
      expect((await LOGINS[name]!(service, user.email, 'wrong')).status).not.toBe(429);
    }
    expectRefused(name, await LOGINS[name]!(service, user.email, PASSWORD));
    expect(await failed(service, user.email)).toBe(MOST);
  });

  it('says how long in whole seconds, one of them alone', async () => {
    const { user } = await join(service);
    for (let time = 0; time < MOST; time += 1) await login(service, user.email, 'wrong');
    await service.sql(`UPDATE rate_limits SET expires_at = now() + interval '700 milliseconds' WHERE taken = ${MOST}`);
    const answer = await login(service, user.email);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.body).toEqual({ detail: 'Request was throttled. Expected available in 1 second.' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await login(service, user.email)).status).toBe(200);
  });

  it('sixty guesses at once, over all surfaces and in many spellings, are not more than the limit', async () => {
    const { user } = await join(service);
    const [local = '', domain = ''] = user.email.split('@');
    const spellings = [
      user.email,
      user.email.toUpperCase(),
      `${local}@${domain.toUpperCase()}`,
      `${local.toUpperCase()}@${domain}`,
    ];
    const logins = Object.values(LOGINS);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        logins[index % logins.length]!(service, spellings[index % 4]!, `wrong${index}`),
      ),
    );
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(60 - MOST);
    expect(answers.every(({ status }) => status < 500)).toBe(true);
    expect(await failed(service, user.email)).toBe(MOST);
  });

  it('a claimed address is nobody, where no proxy is trusted', async () => {
    const { user } = await join(service);
    const answers: Answered[] = [];
    for (let time = 0; time < MOST + 10; time += 1) {
      const claim = {
        'x-forwarded-for': `203.0.113.${time}`,
        'x-real-ip': `203.0.113.${time}`,
        forwarded: `for=203.0.113.${time}`,
      };
      answers.push(await LOGINS['api-auth']!(service, user.email, 'wrong', claim));
    }
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
  });

  it('every operation that documents a 429 sends it as documented, and none that is limited leaves it out', async () => {
    const { access, user } = await join(service);
    const [own] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [user.email]);
    const operations = documentedOperations(service).filter(({ answers }) => answers.has(429));
    expect(operations.length).toBeGreaterThan(30);
    for (const story of Object.keys(LIMITS)) {
      await from('127.0.0.1', () => service.get(LimitsService).count(story as Story));
    }
    await service.sql('UPDATE rate_limits SET taken = 1000000');
    const wrong: string[] = [];
    for (const operation of operations) {
      const { surface, method, path, example, takesToken, query, parameters } = operation;
      const shown = new URLSearchParams();
      for (const { name, value } of parameters) if (query.includes(name)) shown.set(name, String(value));
      const address = path.replace('/users/1/', `/users/${own!.id}/`);
      const target = { ...operation, path: shown.size === 0 ? address : `${address}?${shown.toString()}` };
      const options = {
        ...(surface === 'oauth' && { headers: { authorization: `Basic ${btoa('nobody:wrong')}` } }),
        ...(takesToken && surface !== 'oauth' && { token: access }),
      };
      const body = { ...example, client_secret: undefined };
      const answer = await (method === 'GET'
        ? service.request(method, target.path, options)
        : send(service, target, body, options));
      const problem = problemOf(operation, answer);
      if (answer.status !== 429 || problem !== undefined) {
        wrong.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)} ${problem ?? ''}`);
        continue;
      }
      expectRefused(surface, answer);
    }
    expect(wrong).toEqual([]);
  });
});

describe('behind a proxy', () => {
  beforeAll(async () => {
    service = await startService({ RATE_LIMITS: 'on', TRUST_PROXY: 'loopback' });
  });
  afterAll(() => service.close());

  const guess = (email: string, ip: string, password = 'wrong'): Promise<Answered> =>
    LOGINS.djoser!(service, email, password, { 'x-forwarded-for': ip });

  it('addresses that the proxy tells are told apart, and the owner comes in from another one', async () => {
    const { user } = await join(service);
    for (let time = 0; time < MOST; time += 1) await guess(user.email, '198.51.100.1');
    expect((await guess(user.email, '198.51.100.1', PASSWORD)).status).toBe(429);
    // What the client claims stands further left, and is not looked at.
    expect((await guess(user.email, '203.0.113.9, 198.51.100.1', PASSWORD)).status).toBe(429);
    expect((await guess(user.email, '::ffff:198.51.100.1', PASSWORD)).status).toBe(429);
    expect((await guess(user.email, '198.51.100.2', PASSWORD)).status).toBe(200);
  });

  it('the addresses of one IPv6 network are one', async () => {
    const { user } = await join(service);
    const statuses: number[] = [];
    for (let time = 0; time < MOST * 2; time += 1)
      statuses.push((await guess(user.email, `2001:db8:7:7::${time}`)).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(MOST);
    expect((await guess(user.email, '2001:db8:7:8::1', PASSWORD)).status).toBe(200);
  });
});

describe('people', () => {
  beforeAll(async () => {
    service = await startService({ RATE_LIMITS: 'on' });
  });
  afterAll(() => service.close());

  it('who come again and again, one after the other, from one office, meet no limit', async () => {
    const people = [];
    for (let person = 0; person < 20; person += 1) people.push(await join(service, someone()));
    for (let day = 0; day < 5; day += 1) {
      for (const { user } of people) {
        expect((await login(service, user.email, 'mistyped')).status).toBe(400);
        expect((await login(service, user.email)).status).toBe(200);
      }
    }
  });
});
