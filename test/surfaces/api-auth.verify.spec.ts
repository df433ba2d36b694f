import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { askForReset, login, register, someone, type LoginBody } from '../support/people.js';
import { isEmbedded, startService, type Answered, type Service } from '../support/service.js';
import { tokenIn } from '../support/smtp.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
afterEach(() => {
  vi.useRealTimers();
});

const invalid = { detail: 'Invalid token' };

async function mailedToken(email = someone()): Promise<string> {
  await register(service, email);
  return tokenIn(await service.smtp.next(email));
}

const byGet = (token: string, headers: Record<string, string> = {}): Promise<Answered<LoginBody>> =>
  service.request('GET', `/api/auth/verify-email/?token=${token}`, { headers });
const byPost = (body: unknown, query = ''): Promise<Answered<LoginBody>> =>
  service.request('POST', `/api/auth/verify-email/${query}`, { body });

describe('verify-email takes the token', () => {
  it('from the query of a GET', async () => {
    expect((await byGet(await mailedToken())).status).toBe(200);
  });

  it('from the body of a POST', async () => {
    expect((await byPost({ token: await mailedToken() })).status).toBe(200);
  });

  it('from the query of a POST without a body', async () => {
    expect((await byPost(undefined, `?token=${await mailedToken()}`)).status).toBe(200);
  });

  it('from both at once, as one front end sends it', async () => {
    const token = await mailedToken();
    expect((await byPost({ token }, `?token=${token}`)).status).toBe(200);
  });

  it('and leaves whatever the header says alone', async () => {
    const token = await mailedToken();
    expect((await byGet(token, { authorization: 'Bearer nonsense' })).status).toBe(200);
  });
});

describe('verify-email refuses', () => {
  it.each([undefined, '', null, 0, false, [], {}])('no token (%j)', async (token) => {
    const answer = await byPost({ token });
    expect(answer.body).toEqual({ detail: 'Token is required' });
    expect(answer.status).toBe(400);
  });

  it('a GET without a token, or with an empty one', async () => {
    for (const path of ['/api/auth/verify-email/', '/api/auth/verify-email/?token=']) {
      const answer = await service.request('GET', path);
      expect(answer.body).toEqual({ detail: 'Token is required' });
      expect(answer.status).toBe(400);
    }
  });

  it.each(['unknown', 'a\0b', 'a\ud800', 'x'.repeat(10_000), 12, true, ['a'], { a: 1 }])(
    'a token that is none (%#)',
    async (token) => {
      const answer = await byPost({ token });
      expect(answer.body).toEqual(invalid);
      expect(answer.status).toBe(400);
    },
  );

  it('a token that was used', async () => {
    const token = await mailedToken();
    await byGet(token);
    for (const answer of [await byGet(token), await byPost({ token })]) {
      expect(answer.body).toEqual(invalid);
      expect(answer.status).toBe(400);
    }
  });

  it('a token that has expired, and does not know it the next time', async () => {
    const token = await mailedToken();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3_600_000 + 1_000 });
    const answer = await byGet(token);
    expect(answer.body).toEqual({ detail: 'Token has expired' });
    expect(answer.status).toBe(400);
    expect((await byGet(token)).body).toEqual(invalid);
  });

  it('a token that was made to reset a password', async () => {
    const email = someone();
    await register(service, email);
    await service.smtp.next(email);
    const token = await askForReset(service, email);
    expect((await byGet(token)).body).toEqual(invalid);
  });

  it('to open a disabled account', async () => {
    const email = someone();
    const token = await mailedToken(email);
    await service.sql(`UPDATE users SET state = 'disabled' WHERE email = $1`, [email]);
    expect((await byGet(token)).body).toEqual(invalid);
    expect(await service.sql('SELECT state FROM users WHERE email = $1', [email])).toEqual([{ state: 'disabled' }]);
  });
});

describe('opening the link changes nothing', () => {
  it('HEAD answers 200 and consumes nothing', async () => {
    const token = await mailedToken();
    const answer = await service.request('HEAD', `/api/auth/verify-email/?token=${token}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('');
    expect((await byGet(token)).status).toBe(200);
  });

  it('OPTIONS names the methods and consumes nothing', async () => {
    const token = await mailedToken();
    const answer = await service.request('OPTIONS', `/api/auth/verify-email/?token=${token}`);
    expect(answer.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
    expect((await byGet(token)).status).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['a navigation', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
    ['an older browser', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }],
    ['a prefetch', { 'sec-purpose': 'prefetch', accept: '*/*' }],
    ['a prerender', { 'sec-purpose': 'prefetch;prerender' }],
    ['an older prefetch', { purpose: 'prefetch' }],
    ['the oldest prefetch', { 'x-moz': 'prefetch' }],
    ['an image', { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }],
  ])('%s gets the page with a button', async (_, headers) => {
    const token = await mailedToken();
    const answer = await byGet(token, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toContain(`<input type="hidden" name="token" value="${token}">`);
    expect((await byGet(token)).status).toBe(200);
  });

  it('a form that is posted gets that page, too', async () => {
    const token = await mailedToken();
    const answer = await service.request<string>('POST', '/api/auth/verify-email/', {
      body: new URLSearchParams({ token }),
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`name="token" value="${token}"`);
    expect((await byGet(token)).status).toBe(200);
  });

  it('the page does not let the token break out of its field', async () => {
    const answer = await byGet('%22%3E%3Cscript%3Ealert(1)%3C/script%3E', { accept: 'text/html' });
    expect(answer.body).not.toContain('<script>');
  });
});

describe('the first proof of a mailbox', () => {
  it('ends older sessions and kills other pending secrets', async () => {
    const email = someone();
    const verification = await mailedToken(email);
    const reset = await askForReset(service, email);
    // Somebody who was let in before the proof, as another surface does.
    await service.sql(`UPDATE users SET state = 'active' WHERE email = $1`, [email]);
    const intruder = await login(service, email);
    expect(intruder.status).toBe(200);

    const { body: owner } = await byGet(verification);

    const me = (token: string): Promise<Answered> => service.request('GET', '/api/auth/me/', { token });
    expect((await me(intruder.body.access)).status).toBe(401);
    expect((await me(owner.access)).status).toBe(200);
    const confirm = await service.request('POST', '/api/auth/password-reset/confirm/', {
      body: { token: reset, password: 'newpassword123' },
    });
    expect(confirm.body).toEqual({ detail: 'Invalid or expired token.' });
  });
});

it.skipIf(isEmbedded)('of many who use one link at once, one gets in', async () => {
  for (let round = 0; round < 20; round += 1) {
    const token = await mailedToken();
    const answers = await Promise.all(Array.from({ length: 16 }, () => byPost({ token })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(15).fill(400)]);
  }
});
