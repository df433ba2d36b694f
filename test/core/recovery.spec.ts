import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RecoveryService } from '../../src/auth/recovery.service.js';
import { parseEmailAddress, type EmailAddress } from '../../src/users/email-address.js';
import { askForReset, join, login, PASSWORD, register, someone } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

let service: Service;
let recovery: RecoveryService;
beforeAll(async () => {
  service = await startService();
  recovery = service.get(RecoveryService);
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const LETTER = { subject: 'Reset password code', lead: 'Your code:', life: 600 };
const NEW = 'new-secure-password-123';
const address = (text: string): EmailAddress => parseEmailAddress(text)!;
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
};

async function mailedCode(email: string): Promise<string> {
  const before = service.smtp.to(email).length;
  await recovery.askForCode(address(email), LETTER);
  const mail = await service.smtp.next(email, before + 1);
  expect(mail.subject).toBe('Reset password code');
  return /^Your code: (\d{6})$/m.exec(mail.text)?.[1] ?? '';
}

describe('recovery by code', () => {
  it('exchanges the code for a token, and the token for a new password', async () => {
    const { access, user } = await join(service);
    const code = await mailedCode(user.email);
    const token = await recovery.exchangeCode(address(user.email.toUpperCase()), code);
    expect(token).toMatch(/^[0-9A-Za-z]{32}$/);
    await recovery.resetBySessionToken(address(user.email), token, NEW);
    expect((await service.request('GET', '/api/auth/me/', { token: access })).status).toBe(401);
    expect((await login(service, user.email, NEW)).status).toBe(200);
    await expect(recovery.resetBySessionToken(address(user.email), token, NEW)).rejects.toMatchObject({
      code: 'one_time_token_used',
    });
  });

  it('takes the code once, from its account, and no other secret in its place', async () => {
    const { user } = await join(service);
    const other = await join(service);
    const code = await mailedCode(user.email);
    await mailedCode(other.user.email);
    const refused = { code: 'code_incorrect' };
    await expect(recovery.exchangeCode(address(other.user.email), code)).rejects.toMatchObject(refused);
    await expect(recovery.exchangeCode(address('nobody@example.com'), code)).rejects.toMatchObject(refused);
    await expect(recovery.exchangeCode(null, code)).rejects.toMatchObject(refused);
    await expect(recovery.exchangeCode(address(user.email), '')).rejects.toMatchObject(refused);
    const token = await recovery.exchangeCode(address(user.email), code);
    await expect(recovery.exchangeCode(address(user.email), code)).rejects.toMatchObject(refused);

    const invalid = { code: 'one_time_token_invalid' };
    await expect(recovery.resetBySessionToken(address(other.user.email), token, NEW)).rejects.toMatchObject(invalid);
    await expect(recovery.resetBySessionToken(null, token, NEW)).rejects.toMatchObject(invalid);
    await expect(recovery.resetBySessionToken(address(user.email), code, NEW)).rejects.toMatchObject(invalid);
    await expect(recovery.resetByLink(token, NEW)).rejects.toMatchObject(invalid);
    const link = await askForReset(service, user.email);
    await expect(recovery.resetBySessionToken(address(user.email), link, NEW)).rejects.toMatchObject(invalid);
    await recovery.resetBySessionToken(address(user.email), token, NEW);
  });

  it('counts a wrong guess although it refuses, and gives up after five', async () => {
    const { user } = await join(service);
    const code = await mailedCode(user.email);
    const other = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    for (let time = 0; time < 5; time += 1) {
      await expect(recovery.exchangeCode(address(user.email), other)).rejects.toMatchObject({ code: 'code_incorrect' });
    }
    await expect(recovery.exchangeCode(address(user.email), code)).rejects.toMatchObject({ code: 'code_incorrect' });
  });

  it('lets code and token live ten minutes each', async () => {
    const { user } = await join(service);
    const late = await mailedCode(user.email);
    later(600);
    await expect(recovery.exchangeCode(address(user.email), late)).rejects.toMatchObject({ code: 'code_incorrect' });
    const code = await mailedCode(user.email);
    later(599);
    const token = await recovery.exchangeCode(address(user.email), code);
    later(600);
    await expect(recovery.resetBySessionToken(address(user.email), token, NEW)).rejects.toMatchObject({
      code: 'one_time_token_expired',
    });
  });

  it('proves the mailbox of a pending account, and does nothing for a disabled one', async () => {
    const email = someone();
    await register(service, email);
    await service.smtp.next(email);
    const token = await recovery.exchangeCode(address(email), await mailedCode(email));
    await recovery.resetBySessionToken(address(email), token, NEW);
    expect((await login(service, email, NEW)).status).toBe(200);

    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    await recovery.askForCode(address(email), LETTER);
    expect(
      await service.sql(
        `SELECT 1 FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE u.email = $1 AND t.used_at IS NULL`,
        [email],
      ),
    ).toEqual([]);
  });

  it.skipIf(isEmbedded)('lets one of many through with one code', async () => {
    const { user } = await join(service);
    const code = await mailedCode(user.email);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, () => recovery.exchangeCode(address(user.email), code)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('recovery by link', () => {
  it('refuses a link of another account, a weak password, and stays good until it is used', async () => {
    const { user } = await join(service);
    const token = await askForReset(service, user.email);
    await expect(recovery.resetByLink(token, NEW, undefined, 999_999)).rejects.toMatchObject({
      code: 'one_time_token_invalid',
    });
    await expect(recovery.resetByLink(token, 'short')).rejects.toMatchObject({
      code: 'weak_password',
      details: { weaknesses: ['too_short'] },
    });
    await recovery.inspect(token);
    await expect(recovery.resetByLink(token, NEW)).resolves.toBeNull();
    await expect(recovery.inspect(token)).rejects.toMatchObject({ code: 'one_time_token_used' });
  });

  it('asks nothing of whoever knows the password', async () => {
    const { user } = await join(service);
    await askForReset(service, user.email);
    expect((await login(service, user.email, PASSWORD)).status).toBe(200);
  });
});
