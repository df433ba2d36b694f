import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AccountService } from '../../src/auth/account.service.js';
import { LoginService } from '../../src/auth/login.service.js';
import { RecoveryService } from '../../src/auth/recovery.service.js';
import { RegistrationService } from '../../src/auth/registration.service.js';
import { Failure } from '../../src/failure.js';
import { LIMITS, type Layer, type Story } from '../../src/limits/limit-table.js';
import { LimitsService } from '../../src/limits/limits.service.js';
import { HashBudgetSpent, PasswordHasher } from '../../src/platform/crypto/password-hasher.js';
import { networkOf } from '../../src/platform/http/client.js';
import { parseEmailAddress } from '../../src/users/email-address.js';
import { UsersService } from '../../src/users/users.service.js';
import { ServiceClientsService } from '../../src/clients/service-clients.service.js';
import { from } from '../support/networks.js';
import { join, login, PASSWORD, someone } from '../support/people.js';
import { statementsOf } from '../support/queries.js';
import { createDatabase, isEmbedded, startService, type Service } from '../support/service.js';

/** The figures of the table that these tests are about. */
const HERE = LIMITS.login[0];
const HERE_LONGER = LIMITS.login[1];
const ANYWHERE = LIMITS.login[2];

let service: Service;
beforeAll(async () => {
  service = await startService({ RATE_LIMITS: 'on' });
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

/** Nobody else's address, so that tests do not count for each other. */
let count = 0;
const somewhere = (): string => `10.${(count += 1) >> 8}.${count & 255}.1`;

const after = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

interface Refusal {
  code: string;
  retryAfter?: number;
}

/** What came of it: `undefined` where all went well. */
async function outcome(work: () => Promise<unknown>): Promise<Refusal | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, details } = error as Failure;
    return { code, ...(details as { retryAfter?: number }) };
  }
}

function enter(ip: string, identifier: string, password = PASSWORD, at = service): Promise<Refusal | undefined> {
  const credentials = { identifier, by: 'email_or_username', password } as const;
  return outcome(() => from(ip, () => at.get(LoginService).authenticate(credentials)));
}

async function guess(times: number, ip: string, identifier: string, at = service): Promise<string[]> {
  const codes: string[] = [];
  for (let time = 0; time < times; time += 1) codes.push((await enter(ip, identifier, 'wrong', at))?.code ?? 'in');
  return codes;
}

const failed = async (email: string): Promise<number> =>
  (
    await service.sql(
      `SELECT 1 FROM account_events e JOIN users u ON u.id = e.user_id WHERE u.email = $1 AND e.event = 'login_failed'`,
      [email],
    )
  ).length;

const refused = (codes: readonly string[]): number => codes.filter((code) => code === 'too_many_requests').length;

const addressed = (email: string): NonNullable<ReturnType<typeof parseEmailAddress>> => parseEmailAddress(email)!;

describe('guesses at a password', () => {
  it('are refused past the limit, unlooked at, until the window is over', async () => {
    const { user } = await join(service);
    const here = somewhere();
    expect(refused(await guess(HERE.most, here, user.email))).toBe(0);
    const refusal = await enter(here, user.email);
    expect(refusal?.code).toBe('too_many_requests');
    expect(refusal?.retryAfter).toBeGreaterThan(HERE.seconds - 60);
    expect(refusal?.retryAfter).toBeLessThanOrEqual(HERE.seconds);
    expect(await failed(user.email)).toBe(HERE.most);

    after((refusal?.retryAfter ?? 0) - 5);
    expect((await enter(here, user.email))?.retryAfter).toBeLessThanOrEqual(5);
    after(5);
    expect(await enter(here, user.email)).toBeUndefined();
  });

  it('wait longer the longer they go on', async () => {
    const { user } = await join(service);
    const here = somewhere();
    for (let window = 0; window < HERE_LONGER.most / HERE.most; window += 1) {
      await guess(HERE.most, here, user.email);
      after(HERE.seconds + 1);
    }
    const refusal = await enter(here, user.email);
    expect(refusal?.code).toBe('too_many_requests');
    expect(refusal?.retryAfter).toBeGreaterThan(HERE_LONGER.seconds / 2);
  });

  it('at once are not more than the limit either', async () => {
    const { user } = await join(service);
    const here = somewhere();
    const [upper, name] = [user.email.toUpperCase(), ` ${user.email} `];
    const codes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => enter(here, [user.email, upper, name][index % 3]!, 'wrong')),
    );
    expect(refused(codes.map((it) => it?.code ?? 'in'))).toBe(60 - HERE.most);
    expect(await failed(user.email)).toBe(HERE.most);
  });

  it('by username and by address are of one account', async () => {
    const { user } = await join(service, undefined, { username: 'CountedOnce' });
    const here = somewhere();
    await guess(HERE.most - 1, here, 'countedonce');
    expect(await guess(2, here, user.email)).toEqual(['wrong_credentials', 'too_many_requests']);
  });

  it('by somebody who is signed in count with the others', async () => {
    const { user } = await join(service);
    const here = somewhere();
    await guess(HERE.most - 1, here, user.email);
    const found = await service.get(UsersService).findByEmail(addressed(user.email));
    const check = (password: string): Promise<Refusal | undefined> =>
      outcome(() => from(here, () => service.get(AccountService).assertCurrentPassword({ user: found! }, password)));
    expect(await check(PASSWORD)).toBeUndefined();
    expect((await check('wrong'))?.code).toBe('wrong_current_password');
    expect((await check(PASSWORD))?.code).toBe('too_many_requests');
  });

  it('of accounts that do not exist are limited in the same way', async () => {
    const codes = await guess(HERE.most + 1, somewhere(), someone());
    expect(codes).toEqual([...Array<string>(HERE.most).fill('wrong_credentials'), 'too_many_requests']);
  });
});

describe('a success', () => {
  it('does not count', async () => {
    const { user } = await join(service);
    const here = somewhere();
    for (let time = 0; time < HERE.most * 2; time += 1) expect(await enter(here, user.email)).toBeUndefined();
  });

  it('does not wipe what others took', async () => {
    const { user } = await join(service);
    const here = somewhere();
    await guess(HERE.most - 1, here, user.email);
    for (let time = 0; time < 3; time += 1) expect(await enter(here, user.email)).toBeUndefined();
    expect(await guess(2, here, user.email)).toEqual(['wrong_credentials', 'too_many_requests']);
  });

  it('of another account wipes nothing', async () => {
    const [victim, attacker] = [await join(service), await join(service)];
    const here = somewhere();
    for (let time = 0; time < HERE.most * 2; time += 1) {
      await guess(1, here, victim.user.email);
      expect(await enter(here, attacker.user.email)).toBeUndefined();
    }
    expect(await failed(victim.user.email)).toBe(HERE.most);
  });
});

describe('the owner', () => {
  it('is not kept out by guesses from elsewhere', async () => {
    const { user } = await join(service);
    await guess(HERE.most * 2, somewhere(), user.email);
    expect(await enter(somewhere(), user.email)).toBeUndefined();
  });

  it('is not kept out of a network that they know, however many networks guess', async () => {
    const { user } = await join(service);
    const home = somewhere();
    expect(await enter(home, user.email)).toBeUndefined();
    // Known once it is written, which is soon.
    await vi.waitFor(
      async () => expect(await service.sql('SELECT 1 FROM rate_limits WHERE taken = 0')).not.toEqual([]),
      {
        timeout: 5_000,
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (let network = 0; network <= ANYWHERE.most / HERE.most; network += 1) {
      await guess(HERE.most, somewhere(), user.email);
    }
    expect(await failed(user.email)).toBe(ANYWHERE.most);
    expect((await enter(somewhere(), user.email))?.code).toBe('too_many_requests');
    expect(await enter(home, user.email)).toBeUndefined();
  });

  it('can move between the addresses of an IPv6 network; a guesser cannot', async () => {
    const { user } = await join(service);
    const codes: string[] = [];
    for (let host = 0; host < 30; host += 1)
      codes.push(...(await guess(1, `2001:db8:1:2::${host.toString(16)}`, user.email)));
    expect(refused(codes)).toBe(30 - HERE.most);
    expect(await enter('2001:db8:1:3::1', user.email)).toBeUndefined();
  });
});

describe('a network', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [null, 'unknown'],
  ])('of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it('signs up so many people and no more', async () => {
    const here = somewhere();
    const most = LIMITS.sign_up.at(-1)!.most;
    const signUp = (email: string): Promise<Refusal | undefined> =>
      outcome(() =>
        from(here, () =>
          service
            .get(RegistrationService)
            .register(
              { email: addressed(email), password: PASSWORD },
              { state: 'pending', letter: { subject: 'x', life: 60 } as never },
            ),
        ),
      );
    await fill('sign_up', here, null, most);
    expect((await signUp(someone()))?.code).toBe('too_many_requests');
  });

  it('has a share of the hashes, and no more', async () => {
    const hasher = service.get(PasswordHasher);
    const flood = Array.from({ length: 200 }, () =>
      from('203.0.113.1', () => hasher.hash('a password')).then(
        () => 'hashed',
        (error: unknown) => (error instanceof HashBudgetSpent ? 'overloaded' : 'broken'),
      ),
    );
    const other = from('203.0.113.2', () => hasher.hash('a password'));
    await expect(other).resolves.toMatch(/^\$argon2id\$/);
    const answers = await Promise.all(flood);
    expect(answers).not.toContain('broken');
    expect(answers).toContain('hashed');
    expect(answers).toContain('overloaded');
    await expect(from('203.0.113.1', () => hasher.hash('a password'))).resolves.toMatch(/^\$argon2id\$/);
  });
});

/** Attempts that do nothing else. */
async function fill(story: Story, ip: string, person: string | null, times: number, at = service): Promise<number> {
  let refusals = 0;
  for (let time = 0; time < times; time += 1) {
    const refusal = await outcome(() => from(ip, () => at.get(LimitsService).count(story, person)));
    if (refusal !== undefined) refusals += 1;
  }
  return refusals;
}

describe('the table', () => {
  it.each(Object.entries(LIMITS))(
    '%s: every layer refuses at its figure, from the narrowest to the widest',
    async (story, layers) => {
      const place = { person_here: 0, person: 1, network: 2 };
      const scopes = layers.map(({ scope }) => place[scope]);
      expect(scopes).toEqual(scopes.toSorted());
      const wide = layers.at(-1)!;
      const here = somewhere();
      if (wide.most > 300) return;
      let refusals = 0;
      for (let person = 0; person < wide.most; person += 1) refusals += await fill(story as Story, here, someone(), 1);
      expect(refusals).toBe(0);
      expect(await fill(story as Story, here, someone(), 1)).toBe(1);
    },
  );

  it('is the one of the documentation', () => {
    const columns = ['person_here', 'person', 'network'];
    const told = ({ most, seconds }: Layer): string =>
      `${most} in ${seconds >= 3_600 ? `${seconds / 3_600} h` : `${seconds / 60} min`}`;
    for (const [story, layers] of Object.entries<readonly Layer[]>(LIMITS)) {
      const cells = columns.map(
        (column) =>
          layers
            .filter(({ scope }) => scope === column)
            .map(told)
            .join(', ') || '—',
      );
      const row = readFileSync('docs/limits.md', 'utf8')
        .split('\n')
        .find((line) => line.startsWith(`| \`${story}\``));
      expect(
        row
          ?.split('|')
          .slice(2, -1)
          .map((cell) => cell.trim()),
      ).toEqual(cells);
    }
  });

  it('counts a refused attempt nowhere', async () => {
    const rows = (): Promise<{ name: string; taken: number }[]> =>
      service.sql(`SELECT encode(key, 'hex') AS name, taken FROM rate_limits`);
    const before = new Set((await rows()).map(({ name }) => name));
    await guess(HERE.most + 50, somewhere(), someone());
    // A network that was signed in from is marked by a row that counts nothing.
    const counts = (await rows()).filter(({ name, taken }) => !before.has(name) && taken > 0);
    const taken = counts.map((row) => row.taken);
    expect(taken).toEqual(LIMITS.login.map(() => HERE.most));
  });

  it('gives the narrower counts back where a wider one refuses', async () => {
    const [here, person] = [somewhere(), someone()];
    const [narrow, wide] = LIMITS.client;
    for (let other = 0; other < wide.most; other += 1) await fill('client', here, someone(), 1);
    expect(await fill('client', here, person, narrow.most)).toBe(narrow.most);
    await service.sql(`UPDATE rate_limits SET expires_at = now() - interval '1 second' WHERE taken = ${wide.most}`);
    expect(await fill('client', here, person, narrow.most)).toBe(0);
  });
});

describe('what it costs', () => {
  it.skipIf(isEmbedded)('is one statement more', async () => {
    const { user, refresh } = await join(service);
    expect(await statementsOf(() => login(service, user.email))).toHaveLength(3);
    const rotate = (): Promise<unknown> => service.request('POST', '/api/auth/token/refresh/', { body: { refresh } });
    expect(await statementsOf(rotate)).toHaveLength(2);
    for (const work of [
      () => service.get(RecoveryService).exchangeCode(addressed(user.email), '000000'),
      () => service.get(RecoveryService).askForCode(addressed(user.email), { life: 60 } as never),
    ]) {
      const statements = await statementsOf(() => work().catch(() => undefined));
      expect(statements.filter((text) => text.includes('rate_limits'))).toHaveLength(1);
    }
  });

  it('leaves no address in the store, and nothing that is over', async () => {
    const { user } = await join(service);
    await guess(1, '198.51.100.9', user.email);
    const text = JSON.stringify(await service.sql(`SELECT encode(key, 'escape') AS key FROM rate_limits`));
    expect(text).not.toContain('198.51');
    expect(text).not.toContain('someone');
    const before = await service.sql('SELECT 1 FROM rate_limits');
    expect(before).not.toEqual([]);
    after(31 * 86_400);
    expect(await service.get(LimitsService).purge()).toBe(before.length);
    expect(await service.sql('SELECT 1 FROM rate_limits')).toEqual([]);
  });
});

describe('a service client', () => {
  it('is told to wait after wrong secrets; the right one still opens', async () => {
    const clients = service.get(ServiceClientsService);
    const { client, secret } = await clients.create('limited', ['introspect']);
    const here = somewhere();
    const attempt = (text: string): Promise<Refusal | undefined> =>
      outcome(() => from(here, () => clients.authenticate(client.id, text)));
    for (let time = 0; time < LIMITS.client[0].most; time += 1) expect(await attempt('wrong')).toBeUndefined();
    expect((await attempt('wrong'))?.code).toBe('too_many_requests');
    expect(await from(here, () => clients.authenticate(client.id, secret))).toMatchObject({ id: client.id });
  });
});

describe('a store that is away', () => {
  it('is stood in for by memory, to the same limits, and never an error', async () => {
    const { user } = await join(service);
    await service.sql('ALTER TABLE rate_limits RENAME TO rate_limits_away');
    try {
      const here = somewhere();
      const codes = await guess(HERE.most + 5, here, user.email);
      expect(codes).toEqual([
        ...Array<string>(HERE.most).fill('wrong_credentials'),
        ...Array<string>(5).fill('too_many_requests'),
      ]);
      expect((await enter(here, user.email))?.retryAfter).toBeGreaterThan(HERE.seconds - 60);
      const there = somewhere();
      for (let time = 0; time < HERE.most * 2; time += 1) expect(await enter(there, user.email)).toBeUndefined();
    } finally {
      await service.sql('ALTER TABLE rate_limits_away RENAME TO rate_limits');
    }
  });
});

describe.skipIf(isEmbedded)('a store that is slow', () => {
  it('is waited for a second, once', async () => {
    const slow = await startService({ RATE_LIMITS: 'on' });
    const holder = new pg.Client({ connectionString: slow.variables.DATABASE_URL });
    await holder.connect();
    try {
      const { user } = await join(slow);
      await holder.query('BEGIN; LOCK TABLE rate_limits IN ACCESS EXCLUSIVE MODE');
      const began = performance.now();
      expect(await guess(3, '192.0.2.1', user.email, slow)).toEqual(Array<string>(3).fill('wrong_credentials'));
      expect(performance.now() - began).toBeLessThan(3_000);
    } finally {
      await holder.end();
      await slow.close();
    }
  });
});

describe('a count', () => {
  it('outlives the process', async () => {
    const database = await createDatabase();
    const first = await startService({ RATE_LIMITS: 'on' }, { database });
    const { user } = await join(first);
    await guess(HERE.most, '192.0.2.1', user.email, first);
    await first.close();
    const second = await startService({ RATE_LIMITS: 'on' }, { database });
    try {
      expect((await enter('192.0.2.1', user.email, PASSWORD, second))?.code).toBe('too_many_requests');
      expect(await enter('192.0.2.2', user.email, PASSWORD, second)).toBeUndefined();
    } finally {
      await second.close();
      await database.drop();
    }
  });

  it.skipIf(isEmbedded)('is shared by instances', async () => {
    const database = await createDatabase();
    const one = await startService({ RATE_LIMITS: 'on' }, { database });
    const two = await startService({ RATE_LIMITS: 'on' }, { database });
    try {
      const nobody = someone();
      const codes = await Promise.all(
        Array.from({ length: 40 }, (_, index) => enter('192.0.2.1', nobody, 'wrong', index % 2 === 0 ? one : two)),
      );
      expect(refused(codes.map((it) => it?.code ?? 'in'))).toBe(40 - HERE.most);
    } finally {
      await two.close();
      await one.close();
      await database.drop();
    }
  });
});

describe('where discovery is hidden', () => {
  it('known and unknown are counted alike', async () => {
    const hidden = await startService({ RATE_LIMITS: 'on', ACCOUNT_DISCOVERY: 'hidden' });
    try {
      const { user } = await join(hidden, undefined, { username: 'HiddenOne' });
      const stories = (email: string): Promise<(Refusal | undefined)[]>[] => {
        const here = somewhere();
        const address = addressed(email);
        const repeat = async (work: () => Promise<unknown>): Promise<(Refusal | undefined)[]> => {
          const seen: (Refusal | undefined)[] = [];
          for (let time = 0; time < 12; time += 1) seen.push(await outcome(() => from(here, work)));
          return seen.map((it) => (it === undefined ? it : { code: it.code }));
        };
        const letter = { subject: 'x', life: 60 } as never;
        return [
          guess(12, here, email, hidden).then((codes) => codes.map((code) => ({ code }))),
          repeat(() => hidden.get(RecoveryService).exchangeCode(address, '000000')),
          repeat(() => hidden.get(RegistrationService).resend(address, letter)),
        ];
      };
      expect(await Promise.all(stories(user.email))).toEqual(await Promise.all(stories(someone())));
      // A shared count would tell that the two belong together.
      const here = somewhere();
      await guess(HERE.most, here, 'hiddenone', hidden);
      expect(await guess(1, here, user.email, hidden)).toEqual(['wrong_credentials']);
    } finally {
      await hidden.close();
    }
  });
});

describe('RATE_LIMITS=off', () => {
  it('lifts them all', async () => {
    const open = await startService();
    try {
      const nobody = someone();
      expect(refused(await guess(HERE.most * 3, '192.0.2.1', nobody, open))).toBe(0);
      expect(await open.sql('SELECT 1 FROM rate_limits')).toEqual([]);
    } finally {
      await open.close();
    }
  });
});
