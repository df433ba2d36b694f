import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { SURFACES } from '../../src/app.module.js';
import { photograph, startReachableService, Visitors } from '../support/browser.js';
import { join, login, PASSWORD, someone } from '../support/people.js';
import type { Service } from '../support/service.js';

const FORMS = 'Authentication by form and cookie';

/** In each document, an operation that answers with the address of whoever asks. */
const WHO_IS_ASKING: readonly { title: string; path: string; method?: string; under?: string }[] = [
  { title: 'Authentication', path: '/api/auth/me/' },
  { title: 'JWT Authetication API', path: '/accounts/api/dashboard/', under: 'data' },
  { title: 'Users and JSON Web Tokens', path: '/auth/users/me/' },
  { title: 'Authentication in camelCase', path: '/api/users/settings/' },
  { title: FORMS, path: '/api/v1/auth/me' },
];

/** The name that the service has for a browser that is not on the same machine. */
const ELSEWHERE = 'auth.test';

let visitors: Visitors;
let service: Service;
beforeAll(async () => {
  visitors = await Visitors.launch(`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`);
  service = await startReachableService();
});
afterAll(async () => {
  await visitors.close();
  await service.close();
});

/** What a visit leaves behind: nobody else was asked for anything, and no policy violated. */
afterEach(async () => {
  const { requests, errors } = await visitors.leave();
  expect(requests.filter((url) => !url.startsWith(`${service.url}/`))).toEqual([]);
  expect(errors).toEqual([]);
});

/** The page, at the document of surface 000; its address says which one is shown. */
async function openDocs(options = {}): Promise<Page> {
  const page = await visitors.arrive(options);
  await page.goto(`${service.url}/docs?urls.primaryName=Authentication`);
  await page.locator('.info .title', { hasText: 'Authentication' }).waitFor();
  await page.locator('.opblock').first().waitFor();
  return page;
}

function operationOf(page: Page, method: string, path: string): Locator {
  return page.locator(`.opblock-${method.toLowerCase()}`).filter({ has: page.locator(`[data-path="${path}"]`) });
}

/** Presses "Execute" in an operation that is open, and answers what it then shows. */
async function execute(operation: Locator): Promise<{ status: string; body: unknown }> {
  const answer = operation.locator('.live-responses-table .response');
  if ((await answer.count()) > 0) {
    await operation.getByRole('button', { name: 'Clear' }).click();
    await answer.waitFor({ state: 'detached' });
  }
  await operation.getByRole('button', { name: 'Execute' }).click();
  return {
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    body: JSON.parse(await answer.locator('.microlight').first().innerText()),
  };
}

/** What was open under the same name in another document, and tried out, is so in this one. */
async function unfold(operation: Locator): Promise<void> {
  await operation.waitFor();
  if (!(await operation.getAttribute('class'))?.includes('is-open')) await operation.click();
  await operation.locator('.opblock-body').waitFor();
}

async function tryOut(operation: Locator): Promise<{ status: string; body: unknown }> {
  const button = operation.locator('.try-out button');
  if ((await button.innerText()) === 'Try it out') await button.click();
  return execute(operation);
}

async function showDocument(page: Page, title: string): Promise<void> {
  await page.locator('.topbar select').selectOption({ label: title });
  await page.locator('.info .title', { hasText: title }).waitFor();
  await page.locator('.opblock').first().waitFor();
}

async function openAuthorization(page: Page): Promise<Locator> {
  await page.locator('.auth-wrapper').getByRole('button', { name: 'Authorize' }).click();
  return page.locator('.dialog-ux');
}

describe('the page of documents', () => {
  it('shows the documents of all surfaces, by their titles', async () => {
    const page = await openDocs();
    const titles = SURFACES.flatMap(({ document }) => document?.title ?? []);
    const choice = page.locator('.topbar select');
    expect(await choice.locator('option').allInnerTexts()).toEqual(titles);
    await photograph(page, 'docs');
    for (const title of titles) {
      await choice.selectOption({ label: title });
      await page.locator('.info .title', { hasText: title }).waitFor();
      await page.locator('.opblock').first().waitFor();
    }
    expect(await page.title()).toBe('Ostiary API');
  });

  it('opens on a phone and in the dark', async () => {
    const page = await openDocs({ viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: 'dark' });
    await photograph(page, 'docs-on-a-dark-phone');
  });

  it('asks nobody else where it is not on the same machine either', async () => {
    const page = await visitors.arrive();
    const url = new URL(service.url);
    url.hostname = ELSEWHERE;
    await page.goto(`${url.origin}/docs`);
    await page.locator('.opblock').first().waitFor();
    await page.waitForLoadState('networkidle');
    const { requests, errors } = await visitors.leave();
    expect(requests.filter((it) => !it.startsWith(`${url.origin}/docs`))).toEqual([]);
    expect(errors.filter((it) => it.includes('Content Security Policy'))).toEqual([]);
  });
});

describe('whoever reads a document', () => {
  it('authorizes once, and calls in their name until they log out', async () => {
    const email = someone();
    await join(service, email);
    const { access } = (await login(service, email)).body;
    const page = await openDocs();
    const me = operationOf(page, 'GET', '/api/auth/me/');
    await me.click();
    expect(await tryOut(me)).toEqual({
      status: '401',
      body: { detail: 'Authentication credentials were not provided.' },
    });

    let dialog = await openAuthorization(page);
    await dialog.getByLabel('auth-bearer-value').fill(access);
    await photograph(page, 'docs-authorize', 'window');
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await photograph(page, 'docs-authorized', 'window');
    await dialog.locator('.close-modal').click();
    expect(await execute(me)).toEqual({
      status: '200',
      body: expect.objectContaining({ email }) as object,
    });
    await photograph(page, 'docs-me', 'window');

    // The address remembers which operation is open, and the browser who is asking.
    await page.reload();
    expect(await tryOut(me)).toEqual({
      status: '200',
      body: expect.objectContaining({ email }) as object,
    });

    dialog = await openAuthorization(page);
    await dialog.getByRole('button', { name: 'Remove authorization' }).click();
    await dialog.locator('.close-modal').click();
    expect((await execute(me)).status).toBe('401');
  });

  it('authorizes with a username and a password, for all documents, and until they log out', async () => {
    const email = someone();
    await join(service, email, { username: 'johanna' });
    const page = await openDocs();
    let dialog = await openAuthorization(page);
    await dialog.getByLabel('username:').fill('johanna');
    await dialog.getByLabel('password:', { exact: true }).fill('wrongpassword123');
    const authorize = dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' });
    await authorize.click();
    await dialog.locator('.errors', { hasText: 'Unauthorized' }).waitFor();
    await dialog.getByLabel('password:', { exact: true }).fill(PASSWORD);
    await authorize.click();
    await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
    await photograph(page, 'docs-authorized-by-password', 'window');
    await dialog.locator('.close-modal').click();

    // Every document has an operation that says who is asking.
    for (const { title, path, method = 'GET', under } of WHO_IS_ASKING) {
      const person = expect.objectContaining({ email }) as object;
      await showDocument(page, title);
      const operation = operationOf(page, method, path);
      await unfold(operation);
      expect([path, await tryOut(operation)]).toEqual([
        path,
        {
          status: '200',
          body: under === undefined ? person : (expect.objectContaining({ [under]: person }) as object),
        },
      ]);
    }

    await page.reload();
    const last = WHO_IS_ASKING.at(-1)!;
    await showDocument(page, last.title);
    const operation = operationOf(page, last.method ?? 'GET', last.path);
    await unfold(operation);
    expect((await tryOut(operation)).status).toBe('200');
    const kept = await page.evaluate<string>('JSON.stringify({ ...localStorage, ...sessionStorage })');
    expect(kept).toContain('access_token');
    expect(kept).not.toContain(PASSWORD);

    dialog = await openAuthorization(page);
    await dialog.getByRole('button', { name: 'Remove authorization' }).click();
    await dialog.locator('.close-modal').click();
    expect((await execute(operation)).status).toBe('401');
  });

  it('fills in a form, and stays logged in by the cookie', async () => {
    const { user } = await join(service);
    const page = await openDocs();
    await showDocument(page, FORMS);
    const logIn = operationOf(page, 'POST', '/api/v1/auth/login');
    await logIn.click();
    await logIn.getByRole('button', { name: 'Try it out' }).click();
    await logIn.locator('tr[data-property-name="username"] input').fill(user.email);
    await logIn.locator('tr[data-property-name="password"] input').fill(PASSWORD);
    expect(await execute(logIn)).toEqual({
      status: '200',
      body: expect.objectContaining({ username: user.email }) as object,
    });
    await photograph(page, 'docs-login-by-form', 'window');
    const [cookie] = await page.context().cookies(`${service.url}/api/v1/auth/refresh`);
    expect(cookie).toMatchObject({ name: 'refresh_token', httpOnly: true, secure: true, sameSite: 'Lax' });
    const refresh = operationOf(page, 'POST', '/api/v1/auth/refresh');
    await refresh.click();
    await refresh.getByRole('button', { name: 'Try it out' }).click();
    await refresh.locator('textarea').fill('{}');
    expect(await execute(refresh)).toEqual({
      status: '200',
      body: expect.objectContaining({ username: user.email }) as object,
    });
  });

  it('tries an operation with its example as it stands', async () => {
    const page = await openDocs();
    const logIn = operationOf(page, 'POST', '/api/auth/login/');
    await logIn.click();
    expect(await tryOut(logIn)).toEqual({
      status: '400',
      body: { non_field_errors: ['Invalid email or password.'] },
    });
    await photograph(page, 'docs-login', 'window');
    await join(service, 'john@example.com');
    expect(await execute(logIn)).toEqual({
      status: '200',
      body: expect.objectContaining({
        user: expect.objectContaining({ email: 'john@example.com' }) as object,
      }) as object,
    });
  });
});
