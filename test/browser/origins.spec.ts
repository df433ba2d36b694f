import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { startReachableService, Visitors } from '../support/browser.js';
import { join, PASSWORD, register, someone, type LoginBody } from '../support/people.js';
import type { Service } from '../support/service.js';
import { Site } from '../support/site.js';
import { tokenIn } from '../support/smtp.js';

let visitors: Visitors;
let frontEnd: Site;
let stranger: Site;
let service: Service;
beforeAll(async () => {
  visitors = await Visitors.launch();
  frontEnd = await Site.open();
  // Another name and so another site, as far as a browser is concerned.
  stranger = await Site.open('localhost');
  service = await startReachableService({ FRONTEND_ORIGINS: `https://app.example.com,${frontEnd.origin}` });
});
afterAll(async () => {
  await visitors.close();
  await Promise.all([frontEnd.close(), stranger.close(), service.close()]);
});

/** What the service was asked and has answered. */
let answered: IncomingMessage[] = [];
const notice = (request: IncomingMessage, response: ServerResponse): void => {
  response.once('close', () => answered.push(request));
};
beforeEach(() => {
  answered = [];
  service.application.nest.getHttpServer().on('request', notice);
});
afterEach(async () => {
  service.application.nest.getHttpServer().off('request', notice);
  await visitors.leave();
});

const lines = (): string[] => answered.map(({ method, url }) => `${method} ${url?.split('?')[0]}`);

interface Call {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
}

interface Seen {
  status: number;
  body: unknown;
  requestId: string | null;
}

/** What the script of a page sees of its call; throws as `fetch` does in the page. */
function call(page: Page, { method, path, headers = {}, body }: Call): Promise<Seen> {
  return page.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, options);
      return {
        status: response.status,
        body: await response.json(),
        requestId: response.headers.get('x-request-id'),
      };
    },
    [
      service.url + path,
      {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
    ] as const,
  );
}

async function open(url: string): Promise<Page> {
  const page = await visitors.arrive();
  await page.goto(url);
  return page;
}

/** Somebody who has the mail and did nothing with it yet. */
async function mailed(): Promise<{ email: string; token: string }> {
  const email = someone();
  await register(service, email);
  return { email, token: tokenIn(await service.smtp.next(email)) };
}

async function stateOf(email: string): Promise<unknown> {
  return (await service.sql('SELECT state FROM users WHERE email = $1', [email]))[0]?.state;
}

const A_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;
const AN_ID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

describe('the script of a front end', () => {
  it('signs somebody up, in and out, and reads every answer', async () => {
    const page = await open(frontEnd.page());
    const email = someone();
    const user = expect.objectContaining({ email }) as object;

    const body = { email, password: PASSWORD, confirm_password: PASSWORD };
    expect(await call(page, { method: 'POST', path: '/api/auth/register/', body })).toEqual({
      status: 201,
      body: { message: 'User created successfully. Please check your email for verification link.' },
      requestId: AN_ID,
    });

    const token = tokenIn(await service.smtp.next(email));
    expect(await call(page, { method: 'GET', path: `/api/auth/verify-email/?token=${token}` })).toEqual({
      status: 200,
      body: {
        detail: 'Email verified successfully. You are now logged in.',
        token: A_TOKEN,
        access: A_TOKEN,
        refresh: A_TOKEN,
        user,
      },
      requestId: AN_ID,
    });
    expect(await stateOf(email)).toBe('active');

    const login = await call(page, { method: 'POST', path: '/api/auth/login/', body: { email, password: PASSWORD } });
    expect(login).toEqual({ status: 200, body: { access: A_TOKEN, refresh: A_TOKEN, user }, requestId: AN_ID });
    let { access, refresh } = login.body as LoginBody;
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${access}`, 'x-tenant-id': 'acme' });

    expect(await call(page, { method: 'GET', path: '/api/auth/me/', headers: headers() })).toEqual({
      status: 200,
      body: user,
      requestId: AN_ID,
    });

    const refreshed = await call(page, { method: 'POST', path: '/api/auth/token/refresh/', body: { refresh } });
    expect(refreshed).toEqual({ status: 200, body: { access: A_TOKEN, refresh: A_TOKEN }, requestId: AN_ID });
    ({ access, refresh } = refreshed.body as LoginBody);

    const logout = { method: 'POST', path: '/api/auth/logout/', headers: headers(), body: { refresh } };
    expect(await call(page, logout)).toEqual({
      status: 200,
      body: { detail: 'Successfully logged out.' },
      requestId: AN_ID,
    });
    expect(lines()).toContain('OPTIONS /api/auth/me/');
  });

  it('reads what went wrong', async () => {
    const page = await open(frontEnd.page());
    const body = { email: 'nobody@example.com', password: PASSWORD };
    expect(await call(page, { method: 'POST', path: '/api/auth/login/', body })).toEqual({
      status: 400,
      body: { non_field_errors: ['Invalid email or password.'] },
      requestId: AN_ID,
    });
    const headers = { authorization: 'Bearer nonsense' };
    expect(await call(page, { method: 'GET', path: '/api/auth/me/', headers })).toMatchObject({ status: 401 });
    expect(await call(page, { method: 'PUT', path: '/api/auth/login/', body })).toMatchObject({ status: 405 });
    expect(await call(page, { method: 'GET', path: '/api/auth/nothing/' })).toMatchObject({ status: 404 });
    const large = { email: 'x'.repeat(300_000) };
    expect(await call(page, { method: 'POST', path: '/api/auth/login/', body: large })).toMatchObject({ status: 413 });
  });

  it('may name its request, and gets no cookie', async () => {
    const page = await open(frontEnd.page());
    const headers = { 'x-request-id': 'from-the-front-end', 'x-csrftoken': 'x', 'x-requested-with': 'XMLHttpRequest' };
    const answer = await call(page, { method: 'GET', path: '/api/auth/me/', headers });
    expect(answer).toMatchObject({ status: 401, requestId: 'from-the-front-end' });
    expect(await page.context().cookies()).toEqual([]);
  });
});

describe('the script of a foreign page', () => {
  it('calls in the name of nobody, though it knows the token', async () => {
    const { access } = await join(service);
    const page = await open(stranger.page());
    answered = [];
    const headers = { authorization: `Bearer ${access}` };
    await expect(call(page, { method: 'GET', path: '/api/auth/me/', headers })).rejects.toThrow(
      'TypeError: Failed to fetch',
    );
    expect(lines()).toEqual(['OPTIONS /api/auth/me/']);
  });

  it('does not get to send JSON', async () => {
    const page = await open(stranger.page());
    const body = { email: 'john@example.com', password: PASSWORD };
    await expect(call(page, { method: 'POST', path: '/api/auth/login/', body })).rejects.toThrow('Failed to fetch');
    expect(lines()).toEqual(['OPTIONS /api/auth/login/']);
  });

  it('reads no answer', async () => {
    const page = await open(stranger.page());
    await expect(call(page, { method: 'GET', path: '/api/auth/me/' })).rejects.toThrow('Failed to fetch');
    expect(lines()).toEqual(['GET /api/auth/me/']);
  });

  it('learns nothing of the mail in the development inbox', async () => {
    await mailed();
    const page = await open(stranger.page());
    await expect(call(page, { method: 'GET', path: '/dev/inbox.json' })).rejects.toThrow('Failed to fetch');
  });
});

describe('the link of a verification is not consumed', () => {
  const apiLink = (token: string): string => `${service.url}/api/auth/verify-email/?token=${token}`;

  /** Waits until the service has answered a request of this kind; then the link must still be good. */
  async function stillGood({ email, token }: { email: string; token: string }, destination: string): Promise<void> {
    await vi.waitUntil(() => answered.some(({ headers }) => headers['sec-fetch-dest'] === destination), {
      timeout: 15_000,
    });
    expect(await stateOf(email)).toBe('pending');
    expect((await service.request('POST', '/api/auth/verify-email/', { body: { token } })).status).toBe(200);
  }

  it.each([
    ['an image', 'image', (url: string) => `<img src="${url}">`],
    ['a script', 'script', (url: string) => `<script src="${url}"></script>`],
    ['a style sheet', 'style', (url: string) => `<link rel="stylesheet" href="${url}">`],
    ['a frame', 'iframe', (url: string) => `<iframe src="${url}"></iframe>`],
    ['an object', 'object', (url: string) => `<object data="${url}"></object>`],
    ['a video', 'video', (url: string) => `<video src="${url}"></video>`],
    ['a prefetch', 'empty', (url: string) => `<link rel="prefetch" href="${url}">`],
    ['a preloaded image', 'image', (url: string) => `<link rel="preload" as="image" href="${url}">`],
    ['a form that asks', 'document', (url: string) => form('get', url)],
    ['a redirect', 'document', (url: string) => `<meta http-equiv="refresh" content="0;url=${url}">`],
  ])('by %s on a foreign page', async (_, destination, html) => {
    const person = await mailed();
    answered = [];
    await open(stranger.page(html(apiLink(person.token))));
    await stillGood(person, destination);
  });

  it('by a browser that fetches it ahead of a click', async () => {
    const person = await mailed();
    const rules = JSON.stringify({ prefetch: [{ urls: [apiLink(person.token)], eagerness: 'immediate' }] });
    answered = [];
    await open(frontEnd.page(`<script type="speculationrules">${rules}</script>`));
    await vi.waitUntil(() => answered.some(({ headers }) => headers['sec-purpose'] !== undefined), { timeout: 15_000 });
    await stillGood(person, 'document');
  });

  it('by a foreign page that shows the page with the button in a frame', async () => {
    const { email, token } = await mailed();
    const page = await open(
      stranger.page(`<iframe src="${service.url}/account/verify-email?token=${token}"></iframe>`),
    );
    expect(await page.frameLocator('iframe').getByRole('button').count()).toBe(0);
    expect(await stateOf(email)).toBe('pending');
  });

  it.each([
    ['a form that is posted', 'document', (url: string) => form('post', url)],
    ['a blind request', 'empty', (url: string) => `<script>fetch('${url}', { mode: 'no-cors' })</script>`],
  ])('by %s on a foreign page', async (_, destination, html) => {
    const person = await mailed();
    answered = [];
    await open(stranger.page(html(apiLink(person.token))));
    await stillGood(person, destination);
  });

  function form(method: string, url: string): string {
    const { origin, pathname, searchParams } = new URL(url);
    const token = searchParams.get('token');
    return (
      `<form method="${method}" action="${origin}${pathname}"><input name="token" value="${token}"></form>` +
      '<script>document.forms[0].submit()</script>'
    );
  }
});
