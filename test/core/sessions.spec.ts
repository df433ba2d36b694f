import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CallersService } from '../../src/auth/callers.service.js';
import { LoginService } from '../../src/auth/login.service.js';
import { RefreshService } from '../../src/auth/refresh.service.js';
import { ROTATION_GRACE, SessionsService } from '../../src/tokens/sessions.service.js';
import { askForReset, join, login, PASSWORD, type LoginBody } from '../support/people.js';
import { statementsOf } from '../support/queries.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

type Pair = Pick<LoginBody, 'access' | 'refresh'>;
const refresh = (token: string): Promise<Answered<Pair>> =>
  service.request('POST', '/api/auth/token/refresh/', { body: { refresh: token } });
const me = async (token: string): Promise<number> => (await service.request('GET', '/api/auth/me/', { token })).status;
const claims = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const session = async (token: string): Promise<Record<string, unknown> | undefined> =>
  (await service.sql('SELECT * FROM sessions WHERE id = $1', [claims(token).sid]))[0];
const after = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};
const blacklisted = { detail: 'Token is blacklisted', code: 'token_not_valid' };

describe('rotation', () => {
  it('gives the parent the same successor within the grace', async () => {
    const first = await join(service);
    const { body: second } = await refresh(first.refresh);
    after(ROTATION_GRACE - 1);
    const { body: again, status } = await refresh(first.refresh);
    expect(status).toBe(200);
    expect(claims(again.refresh)).toEqual(claims(second.refresh));
    expect(claims(again.access)).toEqual(claims(second.access));
    expect((await refresh(again.refresh)).status).toBe(200);
  });

  it('ends the session when the parent comes back after the grace, and tells the owner', async () => {
    const first = await join(service);
    const { body: second } = await refresh(first.refresh);
    after(ROTATION_GRACE + 1);
    const answer = await refresh(first.refresh);
    expect(answer.body).toEqual(blacklisted);
    expect(answer.status).toBe(401);
    for (const token of [first.access, second.access]) expect(await me(token)).toBe(401);
    expect((await refresh(second.refresh)).body).toEqual(blacklisted);
    expect(await session(first.access)).toMatchObject({ ended_reason: 'reuse' });
    const mail = await service.smtp.next(first.user.email, 2);
    expect(mail.subject).toBe('We signed a device out of your account');
  });

  it('ends the session when an older ancestor comes back, at once', async () => {
    const first = await join(service);
    const { body: second } = await refresh(first.refresh);
    const { body: third } = await refresh(second.refresh);
    expect((await refresh(first.refresh)).body).toEqual(blacklisted);
    expect(await me(third.access)).toBe(401);
    expect((await service.smtp.next(first.user.email, 2)).subject).toBe('We signed a device out of your account');
  });

  it('sends one alarm, however often a copy is shown', async () => {
    const first = await join(service);
    const { body: second } = await refresh(first.refresh);
    await refresh(second.refresh);
    for (let time = 0; time < 3; time += 1) await refresh(first.refresh);
    const alarms = await service.sql(`SELECT 1 FROM outgoing_mails WHERE kind = 'session_reused' AND recipient = $1`, [
      first.user.email,
    ]);
    expect(alarms).toHaveLength(1);
  });

  it('leaves the other sessions of the account alone', async () => {
    const first = await join(service);
    const { body: other } = await login(service, first.user.email);
    const { body: second } = await refresh(first.refresh);
    await refresh(second.refresh);
    await refresh(first.refresh);
    expect(await me(other.access)).toBe(200);
  });

  it.skipIf(isEmbedded)('gives eight tabs at once the same successor, and one session lives on', async () => {
    for (let round = 0; round < 25; round += 1) {
      const first = await join(service);
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(first.refresh)));
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
      expect(new Set(answers.map(({ body }) => claims(body.refresh).jti)).size).toBe(1);
      expect(await session(first.access)).toMatchObject({ generation: 1, ended_at: null });
    }
  });

  it.skipIf(isEmbedded)('is one statement when all is well', async () => {
    const first = await join(service);
    expect(await statementsOf(() => refresh(first.refresh))).toHaveLength(1);
  });

  it('refuses a generation that is yet to come, as after a restored backup, and ends nothing', async () => {
    const first = await join(service);
    const { body: second } = await refresh(first.refresh);
    await service.sql('UPDATE sessions SET generation = 0 WHERE id = $1', [claims(first.access).sid]);
    expect((await refresh(second.refresh)).body).toEqual(blacklisted);
    expect(await session(first.access)).toMatchObject({ ended_at: null });
  });
});

describe('a caller', () => {
  it.skipIf(isEmbedded)('costs one query', async () => {
    const { access } = await join(service);
    const statements = await statementsOf(() => me(access));
    expect(statements).toHaveLength(1);
    const plan = await service.sql<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = '00000000-0000-4000-8000-000000000000'`,
    );
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toContain('sessions_pkey');
  });

  it('is noted as using the session, at most every five minutes', async () => {
    const { access } = await join(service);
    const before = (await session(access))?.last_used_at as Date;
    await me(access);
    expect((await session(access))?.last_used_at).toEqual(before);
    after(301);
    await me(access);
    expect(((await session(access))?.last_used_at as Date).getTime()).toBeGreaterThan(before.getTime() + 300_000);
  });

  it('is what the database says now, not what the token said then', async () => {
    const { access, user } = await join(service);
    await service.sql(`UPDATE users SET role = 'Admin', first_name = 'New' WHERE email = $1`, [user.email]);
    const answer = await service.request('GET', '/api/auth/me/', { token: access });
    expect(answer.body).toEqual({ ...user, role: 'Admin', first_name: 'New' });
  });
});

describe('login', () => {
  it.skipIf(isEmbedded)('costs two statements', async () => {
    const { user } = await join(service);
    expect(await statementsOf(() => login(service, user.email))).toHaveLength(2);
  });

  it('loses to a reset that came between the check and the session', async () => {
    const { user } = await join(service);
    const logins = service.get(LoginService);
    const checked = await logins.authenticate({ identifier: user.email, by: 'email', password: PASSWORD });
    const token = await askForReset(service, user.email);
    await service.request('POST', '/api/auth/password-reset/confirm/', { body: { token, password: 'newpassword123' } });
    const terms = { surface: 'test', accessTtl: 60, refreshTtl: 600, shownId: 'number' as const };
    const client = { ip: null, userAgent: null };
    await expect(logins.open(checked, { terms, client })).rejects.toMatchObject({ code: 'wrong_credentials' });

    const again = await logins.authenticate({ identifier: user.email, by: 'email', password: 'newpassword123' });
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [user.email]);
    await expect(logins.open(again, { terms, client })).rejects.toMatchObject({ code: 'wrong_credentials' });
  });

  it('by username or address, where a surface allows it, and shows the id that it shows', async () => {
    const { user } = await join(service, undefined, { username: 'EitherWay' });
    const logins = service.get(LoginService);
    for (const identifier of ['eitherway', 'EITHERWAY', user.email.toUpperCase()]) {
      const account = await logins.authenticate({ identifier, by: 'email_or_username', password: PASSWORD });
      const terms = { surface: 'test', accessTtl: 60, refreshTtl: 600, shownId: 'number' as const };
      const { tokens } = await logins.open(account, { terms, client: { ip: null, userAgent: null } });
      expect(claims(tokens.access)).toMatchObject({ sub: user.id, user_id: String(account.user.id) });
      expect([tokens.accessExpiresIn, tokens.refreshExpiresIn]).toEqual([60, 600]);
      const next = await service.get(RefreshService).rotate(tokens.refresh, ['test']);
      expect(claims(next.refresh)).toMatchObject({ user_id: String(account.user.id) });
    }
  });

  it.skipIf(isEmbedded)('in flight while the account is reset leaves nothing that works', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { user } = await join(service);
      const token = await askForReset(service, user.email);
      const confirm = service.request('POST', '/api/auth/password-reset/confirm/', {
        body: { token, password: 'newpassword123' },
      });
      const attempts = await Promise.all(Array.from({ length: 6 }, () => login(service, user.email)));
      expect((await confirm).status).toBe(200);
      for (const { status, body } of attempts) {
        if (status === 200) expect(await me(body.access)).toBe(401);
      }
    }
  });
});

describe('sessions past their end', () => {
  it('are purged, and live ones are not', async () => {
    const old = await join(service);
    const live = await join(service);
    await service.sql(`UPDATE sessions SET expires_at = now() - interval '25 hours' WHERE id = $1`, [
      claims(old.access).sid,
    ]);
    expect(await service.get(SessionsService).purge()).toBe(1);
    expect(await session(old.access)).toBeUndefined();
    expect(await me(live.access)).toBe(200);
  });

  it('a caller whose session does not name the account of the token is nobody', async () => {
    const one = await join(service);
    const other = await join(service);
    const callers = service.get(CallersService);
    const mixed = { ...claims(one.access), sub: claims(other.access).sub } as never;
    await expect(callers.find(mixed)).rejects.toMatchObject({ code: 'access_token_invalid' });
  });
});
