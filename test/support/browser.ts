import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { freePort } from './database-server.js';
import { startService, type Service } from './service.js';

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Nothing on its own account: what a test sees on the wire is what a page asked for. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What the console says of every answer that is an error; tests look at the status themselves. */
const STATUS = /^Failed to load resource: the server responded with a status of/;

/** The people at a browser: each comes with nothing stored, and all that their tabs do is kept. */
export class Visitors {
  private readonly contexts: BrowserContext[] = [];
  private requests: string[] = [];
  private errors: string[] = [];

  private constructor(private readonly browser: Browser) {}

  /** At the Chromium of `CHROMIUM_PATH`, else at the one of this machine. */
  static async launch(...args: string[]): Promise<Visitors> {
    // Chromium's sandbox refuses to start as root.
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return new Visitors(await chromium.launch({ executablePath: findBrowser(), args: [...asRoot, ...QUIET, ...args] }));
  }

  async arrive(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext(options);
    this.contexts.push(context);
    context.setDefaultTimeout(15_000);
    context.on('request', (request) => this.requests.push(request.url()));
    context.on('weberror', (error) => this.errors.push(error.error().message));
    context.on('console', (message) => {
      if (message.type() === 'error' && !STATUS.test(message.text())) this.errors.push(message.text());
    });
    return context.newPage();
  }

  /** Everybody goes; answers the addresses that their tabs asked for, and the errors of their consoles. */
  async leave(): Promise<{ requests: string[]; errors: string[] }> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
    const { requests, errors } = this;
    [this.requests, this.errors] = [[], []];
    return { requests, errors };
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

function findBrowser(): string {
  const { CHROMIUM_PATH } = process.env;
  const places = CHROMIUM_PATH ? [CHROMIUM_PATH] : USUAL_PLACES;
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    const advice = 'Install one (on Debian: apt-get install chromium), or name one in CHROMIUM_PATH.';
    throw new Error(`There is no browser at ${places.join(', ')}. ${advice}`);
  }
  return found;
}

/** A development service where a browser finds it: the links of its mails lead to itself. */
export async function startReachableService(overrides: Record<string, string | undefined> = {}): Promise<Service> {
  const PORT = String(await freePort());
  return startService({ NODE_ENV: 'development', PORT, PUBLIC_URL: `http://127.0.0.1:${PORT}`, ...overrides });
}

/** A picture for people to look at, in `test-results/screenshots`: of the whole page, or of what fits in the window. */
export async function photograph(page: Page, name: string, extent: 'page' | 'window' = 'page'): Promise<void> {
  const path = join('test-results', 'screenshots', `${name}.png`);
  await page.screenshot({ path, fullPage: extent === 'page' });
}

/** Does what leads to another page, and answers that page's status when it is there. */
export async function leadsOn(page: Page, act: () => Promise<unknown>): Promise<number> {
  const [response] = await Promise.all([
    page.waitForResponse((it) => it.frame() === page.mainFrame() && it.request().isNavigationRequest()),
    page.waitForEvent('load'),
    act(),
  ]);
  return response.status();
}

/** Does what opens a tab, and answers the tab when its page is there. */
export async function opensTab(page: Page, act: () => Promise<unknown>): Promise<Page> {
  const [tab] = await Promise.all([page.waitForEvent('popup'), act()]);
  await tab.waitForLoadState();
  return tab;
}
