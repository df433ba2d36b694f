import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  confirmEmail,
  ONE_TIME_KINDS,
  ONE_TIME_PLACES,
  PLACES,
  ROUNDS,
  SHOWS_FIGURES,
  TOKEN_KINDS,
  type Kind,
  type OneTimeKind,
  type OneTimePlace,
  type Secret,
} from '../support/secrets.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

const CALLERS = 16;

/** Rounds that get their secrets at once. */
const BATCH = 10;

let service: Service;
afterEach(() => {
  vi.useRealTimers();
});

const isGood = ({ status }: Answered): boolean => status >= 200 && status < 300;
/** In the words of a surface: a route that is not there refuses nothing. */
const isRefusal = ({ status }: Answered): boolean => [400, 401, 403, 422].includes(status);

/** Of each account, how often this is in its history. */
async function happened(event: string, uids: readonly string[]): Promise<number[]> {
  const ids = uids.map((uid) => Number(Buffer.from(uid, 'base64url').toString()));
  const rows = await service.sql<{ count: number }>(
    `SELECT count(e.user_id)::integer AS count FROM unnest($1::integer[]) AS u(id)
     LEFT JOIN account_events e ON e.user_id = u.id AND e.event = $2 GROUP BY u.id`,
    [ids, event],
  );
  return rows.map(({ count }) => count);
}

/** Its link may be followed again, and says so again, but does its work once. */
const REPEATABLE = '001 verify/token';

/** All rounds of a place: what was answered, and that every account had its one event. */
async function race({ name, kind, event, present }: OneTimePlace): Promise<void> {
  const tally = new Map<number, number>();
  const began = performance.now();
  for (let round = 0; round < ROUNDS; round += BATCH) {
    const secrets = await Promise.all(
      Array.from({ length: Math.min(BATCH, ROUNDS - round) }, () => kind.issue(service)),
    );
    for (const secret of secrets) {
      const answers = await Promise.all(Array.from({ length: CALLERS }, () => present(service, secret)));
      for (const { status } of answers) tally.set(status, (tally.get(status) ?? 0) + 1);
      const winners = name === REPEATABLE ? CALLERS : 1;
      expect([answers.filter(isGood).length, answers.filter(isRefusal).length]).toEqual([winners, CALLERS - winners]);
    }
    if (event === undefined) continue;
    const uids = secrets.map(({ uid }) => uid);
    expect(await happened(event, uids)).toEqual(uids.map(() => 1));
  }
  if (!SHOWS_FIGURES) return;
  const answers = [...tally].map(([status, count]) => `${count} x ${status}`).join(', ');
  console.log(`${name}: ${ROUNDS} rounds, ${answers}; ${Math.round(performance.now() - began)} ms`);
}

/** Refused at every place that is there for something else, which does it no harm. */
async function isGoodForItsPurposeOnly(kind: Kind): Promise<void> {
  const secret = await kind.issue(service);
  const wrong: unknown[] = [];
  for (const { name, accepts, present } of PLACES) {
    if (accepts.includes(kind.purpose)) continue;
    const answer = await present(service, secret);
    if (!isRefusal(answer)) wrong.push([name, answer.status, answer.body]);
  }
  expect(wrong).toEqual([]);
  const [own] = PLACES.filter(({ accepts }) => accepts.includes(kind.purpose));
  if (own !== undefined) expect([own.name, isGood(await own.present(service, secret))]).toEqual([own.name, true]);
}

async function isReplaced(kind: OneTimeKind): Promise<void> {
  const old = await kind.issue(service);
  const young = await kind.renew(service, old);
  // Of a million codes, two in a row may be one.
  if (old.value !== young.value) await isRefused(kind, old);
  const [place] = placesOf(kind);
  expect(isGood(await place!.present(service, young))).toBe(true);
}

async function hasItsLife(kind: OneTimeKind): Promise<void> {
  const [inTime, late] = [await kind.issue(service), await kind.issue(service)];
  const [place] = placesOf(kind);
  const issued = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: issued + (kind.life - 60) * 1_000 });
  expect(isGood(await place!.present(service, inTime))).toBe(true);
  vi.setSystemTime(issued + kind.life * 1_000 + 1_000);
  await isRefused(kind, late);
}

async function isRefused(kind: OneTimeKind, secret: Secret): Promise<void> {
  for (const { name, present } of PLACES.filter(({ accepts }) => accepts.includes(kind.purpose))) {
    const answer = await present(service, secret);
    expect([name, answer.status, isRefusal(answer)]).toEqual([name, answer.status, true]);
  }
}

/** Its own place first. */
function placesOf(kind: OneTimeKind): OneTimePlace[] {
  return ONE_TIME_PLACES.filter((place) => place.kind === kind);
}

const named = <T extends { name: string }>(all: readonly T[]): (readonly [string, T])[] =>
  all.map((it) => [it.name, it] as const);

const RACE_TIMEOUT = 30_000 + ROUNDS * 1_000;

describe('where discovery is as documented', () => {
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.close());

  it.skipIf(isEmbedded).each(named(ONE_TIME_PLACES.filter(({ kind }) => kind !== confirmEmail)))(
    '%s: of 16 who present one secret at once, one succeeds',
    (_, place) => race(place),
    RACE_TIMEOUT,
  );

  it.each(named([...ONE_TIME_KINDS, ...TOKEN_KINDS]))('%s is good for nothing else', (_, kind) =>
    isGoodForItsPurposeOnly(kind),
  );

  it.each(named(ONE_TIME_KINDS))('%s dies when a newer one is issued', (_, kind) => isReplaced(kind));

  it.each(named(ONE_TIME_KINDS))('%s is good for its life and no longer', (_, kind) => hasItsLife(kind));
});

describe('where discovery is hidden', () => {
  beforeAll(async () => {
    service = await startService({ ACCOUNT_DISCOVERY: 'hidden' });
  });
  afterAll(() => service.close());

  it.skipIf(isEmbedded).each(named(ONE_TIME_PLACES.filter(({ kind }) => kind === confirmEmail)))(
    '%s: of 16 who present one secret at once, one succeeds',
    (_, place) => race(place),
    RACE_TIMEOUT,
  );

  it.each(named([confirmEmail]))('%s is good for nothing else', (_, kind) => isGoodForItsPurposeOnly(kind));

  it.each(named([confirmEmail]))('%s dies when a newer one is issued', (_, kind) => isReplaced(kind));

  it.each(named([confirmEmail]))('%s is good for its life and no longer', (_, kind) => hasItsLife(kind));
});
