import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import type { BrowserContextOptions, FrameLocator, Locator, Page } from 'playwright-core';
import { Inbox, type ReceivedMail } from '../../src/platform/inbox/inbox.js';
import { leadsOn, opensTab, photograph, startReachableService, Visitors } from '../support/browser.js';
import { OneTimeTokensService } from '../../src/tokens/one-time-tokens.service.js';
import { logIn } from '../support/djoser.js';
import { login, PASSWORD, register, someone } from '../support/people.js';
import type { Service } from '../support/service.js';

let visitors: Visitors;
let service: Service;
beforeAll(async () => {
  visitors = await Visitors.launch();
  service = await startReachableService({ SMTP_URL: undefined });
});
afterAll(async () => {
  await visitors.close();
  await service.close();
});

/** Of every page, whoever looks at it and however: nobody else is asked for anything, and no policy is violated. */
afterEach(async () => {
  const { requests, errors } = await visitors.leave();
  expect(requests.filter((url) => !url.startsWith(`${service.url}/`))).toEqual([]);
  expect(errors).toEqual([]);
});

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const WAYS: [string, BrowserContextOptions][] = [
  ['desktop', {}],
  ['dark desktop', { colorScheme: 'dark' }],
  ['phone', PHONE],
  ['dark phone', { ...PHONE, colorScheme: 'dark' }],
  ['desktop without scripts', { javaScriptEnabled: false }],
];

const SECRET = '0'.repeat(32);

interface Read {
  language: string | null;
  title: string;
  content: string[];
  scrollsSideways: boolean;
  smallControls: number;
}

/** A page as a person meets it, by eye or by ear; what no two runs have in common gives way. */
async function read(page: Page): Promise<Read> {
  const content = await page.locator('body').ariaSnapshot();
  const controls = await page.locator('button, input:not([type=hidden])').all();
  const boxes = await Promise.all(controls.map((control) => control.boundingBox()));
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  return {
    language: await page.locator('html').getAttribute('lang'),
    title: await page.title(),
    content: content
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'A TIME')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'AN ID')
      .replace(/token=[0-9a-f]{32}/g, 'token=A SECRET')
      .split('\n'),
    scrollsSideways: width > (page.viewportSize()?.width ?? 0),
    // What a finger can hit.
    smallControls: boxes.filter((box) => (box?.height ?? 0) < 44).length,
  };
}

const whole = (title: string, content: string[]): Read => ({
  language: 'en',
  title,
  content,
  scrollsSideways: false,
  smallControls: 0,
});

const card = (title: string, ...content: string[]): Read =>
  whole(title, ['- main:', ...[`- heading "${title}" [level=1]`, ...content].map((line) => `  ${line}`)]);

const CONFIRM = card(
  'Confirm your e-mail address',
  '- paragraph: Press the button to confirm that this address is yours.',
  '- button "Confirm e-mail"',
);
const CONFIRMED = card(
  'Your e-mail address is confirmed',
  '- paragraph: Thank you. You can sign in now; this window may be closed.',
);
const USED = card(
  'This link was used before',
  '- paragraph: "If it was you who used it, there is nothing left to do: you can sign in."',
);
const EXPIRED = card(
  'This link has expired',
  '- paragraph: Links are good for a limited time. Ask for a new one where you signed up.',
);
const NO_GOOD = card(
  'This link is no longer good',
  '- paragraph: It was replaced by a newer one or is not needed any more, or a part of it is missing.',
  '- paragraph: Open the newest mail, or ask for a new one where you signed up.',
);
const PASSWORD_IS_SET = card(
  'Your password is set',
  '- paragraph: You can sign in with it now. Every device that was signed in has been signed out.',
);

const CONFIRM_NEW = card(
  'Confirm your new e-mail address',
  '- paragraph: Press the button to make this the e-mail address of your account.',
  '- button "Confirm address"',
);
const ADDRESS_IS_CHANGED = card(
  'Your e-mail address is changed',
  '- paragraph: Thank you. You can sign in with it now; this window may be closed.',
);
const ADDRESS_IS_NOTED = card(
  'Your new e-mail address is noted',
  '- paragraph: If a mail with a link comes to the new address, open that first. Then sign in with the new address.',
  '- paragraph: Every device that was signed in has been signed out.',
);

function chooseAddress(problem?: string, value?: string): Read {
  return card(
    'Choose a new e-mail address',
    ...(problem === undefined ? [] : [`- alert: ${problem}`]),
    '- text: New e-mail address',
    `- textbox "New e-mail address"${problem === undefined ? '' : ' [invalid]'}${value === undefined ? '' : `: ${value}`}`,
    '- button "Set address"',
    '- paragraph: You will be signed out everywhere.',
  );
}

function choose(problem?: string): Read {
  return card(
    'Choose a new password',
    ...(problem === undefined ? [] : [`- alert: ${problem}`]),
    '- text: New password At least 8 characters. A few words in a row make a good one.',
    `- textbox "New password"${problem === undefined ? '' : ' [invalid]'}`,
    '- text: The same again',
    '- textbox "The same again"',
    '- button "Set password"',
    '- paragraph: You will be signed out everywhere else.',
  );
}

const button = (page: Page): Locator => page.getByRole('button');

async function mailTo(email: string, subject: string): Promise<ReceivedMail> {
  const query = new URLSearchParams({ to: email, subject, wait: '10' });
  const { body } = await service.request<ReceivedMail[]>('GET', `/dev/inbox.json?${query.toString()}`);
  return body[0]!;
}

async function linkTo(email: string, subject: string): Promise<string> {
  return (await mailTo(email, subject)).links[0]!;
}

async function someoneWhoRegistered(): Promise<string> {
  const email = someone();
  await register(service, email);
  await mailTo(email, 'Verify your email');
  return email;
}

async function someoneWhoForgot(): Promise<string> {
  const email = await someoneWhoRegistered();
  const token = new URL(await linkTo(email, 'Verify your email')).searchParams.get('token');
  await service.request('POST', '/api/auth/verify-email/', { body: { token } });
  await service.request('POST', '/api/auth/password-reset/', { body: { email } });
  await mailTo(email, 'Reset your password');
  return email;
}

/** Somebody who wants another address for their account, and has the mail. */
async function someoneWhoMoves(): Promise<string> {
  const email = await someoneWhoRegistered();
  const token = new URL(await linkTo(email, 'Verify your email')).searchParams.get('token');
  await service.request('POST', '/api/auth/verify-email/', { body: { token } });
  await service.request('POST', '/auth/users/reset_email/', { body: { email } });
  await mailTo(email, 'Username reset on Ostiary');
  return email;
}

/** The link that a new address is mailed where discovery is hidden. */
async function confirmationLinkFor(owner: string, address: string): Promise<string> {
  const [user] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [owner]);
  const issue = { userId: user!.id, purpose: 'confirm_email', address, life: 3600 } as const;
  const token = await service.get(DataSource).transaction((tx) => service.get(OneTimeTokensService).issue(issue, tx));
  return `${service.url}/account/confirm-email?token=${token}`;
}

async function stateOf(email: string): Promise<unknown> {
  return (await service.sql('SELECT state FROM users WHERE email = $1', [email]))[0]?.state;
}

/** Lets time pass for the link that the address was sent last. */
function expire(email: string): Promise<unknown> {
  return service.sql(
    `UPDATE one_time_tokens SET expires_at = now() - interval '1 second'
     WHERE user_id = (SELECT id FROM users WHERE email = $1) AND used_at IS NULL`,
    [email],
  );
}

/** Finds the mail in the inbox and follows the button in it, as its reader would. */
async function followMail(page: Page, email: string, subject: string, label: string): Promise<Page> {
  await page.goto(`${service.url}/dev/inbox?to=${encodeURIComponent(email)}`);
  await leadsOn(page, () => page.getByRole('link', { name: subject }).click());
  return opensTab(page, () => page.frameLocator('iframe').getByRole('link', { name: label }).click());
}

async function submit(page: Page, password: string, repeated = password): Promise<number> {
  await page.getByLabel('New password').fill(password);
  await page.getByLabel('The same again').fill(repeated);
  return leadsOn(page, () => button(page).click());
}

const focused = (page: Page): Promise<string | null> => page.locator(':focus').getAttribute('id');

describe('the inbox', () => {
  /** Below the introduction, the words of which are of no matter here. */
  async function readList(page: Page): Promise<Read> {
    const all = await read(page);
    return { ...all, content: all.content.slice(all.content.indexOf('  - search:')) };
  }
  const FIELD = ['  - search:', '    - text: Recipient'];
  const SHOW_ALL = ['    - button "Filter"', '    - link "Show all":', '      - /url: /dev/inbox'];
  const entry = (id: number, to: string): string[] => [
    '    - listitem:',
    `      - link "Verify your email A TIME ${to}":`,
    `        - /url: /dev/inbox/${id}`,
    '        - strong: Verify your email',
    '        - time: A TIME',
    `        - text: ${to}`,
  ];
  let first: string;
  let second: string;

  it('says when there is nothing in it', async () => {
    const page = await visitors.arrive();
    await page.goto(`${service.url}/dev/inbox`);
    expect(await readList(page)).toEqual(
      whole('Development inbox', [
        ...FIELD,
        '    - textbox "Recipient"',
        '    - button "Filter"',
        '  - paragraph: No mail yet.',
      ]),
    );
    await photograph(page, 'inbox-empty');
  });

  it('lists every mail, the newest first', async () => {
    first = await someoneWhoRegistered();
    second = await someoneWhoRegistered();
    for (const [way, options] of WAYS) {
      const page = await visitors.arrive(options);
      await page.goto(`${service.url}/dev/inbox`);
      expect(await readList(page)).toEqual(
        whole('Development inbox', [
          ...FIELD,
          '    - textbox "Recipient"',
          '    - button "Filter"',
          '  - list:',
          ...entry(2, second),
          ...entry(1, first),
        ]),
      );
      await photograph(page, `inbox on a ${way}`.replaceAll(' ', '-'));
    }
  });

  it('finds the mails to one address', async () => {
    const page = await visitors.arrive();
    await page.goto(`${service.url}/dev/inbox`);
    await page.getByLabel('Recipient').fill(first.toUpperCase());
    await leadsOn(page, () => button(page).click());
    expect(await readList(page)).toEqual(
      whole('Development inbox', [
        ...FIELD,
        `    - textbox "Recipient": ${first.toUpperCase()}`,
        ...SHOW_ALL,
        '  - list:',
        ...entry(1, first),
      ]),
    );
    await page.getByLabel('Recipient').fill('nobody@example.com');
    await leadsOn(page, () => button(page).click());
    expect(await readList(page)).toEqual(
      whole('Development inbox', [
        ...FIELD,
        '    - textbox "Recipient": nobody@example.com',
        ...SHOW_ALL,
        '  - paragraph: No mail to nobody@example.com yet.',
      ]),
    );
  });

  it.each(WAYS)('shows both parts of a mail on a %s', async (way, options) => {
    const page = await visitors.arrive(options);
    await page.goto(`${service.url}/dev/inbox`);
    await leadsOn(page, () => page.getByRole('link', { name: first }).click());
    const link = `${service.url}/account/verify-email?token=A SECRET`;
    expect(await read(page)).toEqual(
      whole('Verify your email · Development inbox', [
        '- main:',
        '  - paragraph:',
        '    - link "All mails":',
        '      - /url: /dev/inbox',
        '  - heading "Verify your email" [level=1]',
        '  - term: To',
        '  - definition:',
        `    - link "${first}":`,
        `      - /url: /dev/inbox?to=${first}`,
        '  - term: From',
        '  - definition: Ostiary <no-reply@auth.test>',
        '  - term: Sent',
        '  - definition: A TIME UTC',
        '  - term: Message-ID',
        '  - definition: <AN ID@auth.test>',
        '  - heading "HTML" [level=2]',
        '  - iframe',
        '  - heading "Text" [level=2]',
        '  - text: "Welcome! Click the link to verify your email:"',
        `  - link "${link}":`,
        `    - /url: ${link}`,
        '  - text: "The link works once, within 24 hours. If you did not ask for this, you can ignore this mail: nothing changes."',
      ]),
    );
    expect(await page.locator('iframe').getAttribute('title')).toBe('The HTML part of the mail');
    const frame = page.frameLocator('iframe');
    expect(await frame.locator('body').ariaSnapshot()).toContain('- heading "Verify your email" [level=1]');
    await photograph(page, `mail on a ${way}`.replaceAll(' ', '-'));

    for (const place of [page, frame]) {
      const tab = await opensTab(page, () => place.getByRole('link', { name: service.url }).click());
      expect(await read(tab)).toEqual(CONFIRM);
    }
  });

  it('runs no script of a mail, and asks nobody for its pictures', async () => {
    const html = '<head></head><img src="https://pictures.test/"><script>document.title = "run"</script>';
    await service
      .get(Inbox)
      .keep({ messageId: '<1@a>', from: 'a@a', to: 'b@b', subject: 'Hello', text: 'Hello', html });
    const page = await visitors.arrive();
    await page.goto(`${service.url}/dev/inbox/3/html`);
    expect(await page.title()).toBe('');
    expect((await visitors.leave()).errors).toEqual([
      expect.stringMatching(/'https:\/\/pictures\.test\/'.*"img-src data:"/),
      expect.stringContaining("the 'allow-scripts' permission is not set"),
    ]);
  });
});

describe.each(WAYS)('on a %s', (way, options) => {
  const named = (name: string): string => `${name} on a ${way}`.replaceAll(' ', '-');

  it('an e-mail address is confirmed by a button, and by nothing before it', async () => {
    const email = await someoneWhoRegistered();
    const inbox = await visitors.arrive(options);
    const page = await followMail(inbox, email, 'Verify your email', 'Verify email');
    expect(await read(page)).toEqual(CONFIRM);
    await photograph(page, named('confirm'));
    await page.reload();
    expect(await read(page)).toEqual(CONFIRM);
    expect(await stateOf(email)).toBe('pending');
    expect((await login(service, email)).body).toEqual({
      non_field_errors: ['Account is not active. Please verify your email first.'],
    });

    expect(await leadsOn(page, () => button(page).click())).toBe(200);
    expect(await read(page)).toEqual(CONFIRMED);
    await photograph(page, named('confirmed'));
    expect(await stateOf(email)).toBe('active');
    expect((await login(service, email)).status).toBe(200);

    expect(await leadsOn(page, () => page.reload())).toBe(400);
    expect(await read(page)).toEqual(USED);
    expect(await leadsOn(page, () => page.goBack())).toBe(400);
    expect(await read(page)).toEqual(USED);
    await photograph(page, named('used'));
  });

  it('a new password is chosen, as often as it takes', async () => {
    const email = await someoneWhoForgot();
    const session = await login(service, email);
    const inbox = await visitors.arrive(options);
    const page = await followMail(inbox, email, 'Reset your password', 'Reset password');
    expect(await read(page)).toEqual(choose());
    expect(await focused(page)).toBe('password');
    await photograph(page, named('choose'));

    expect(await submit(page, 'a longer password', 'another password')).toBe(400);
    expect(await read(page)).toEqual(choose('The two do not match.'));
    await photograph(page, named('mismatch'));

    expect(await submit(page, 'password123')).toBe(400);
    const advice = 'Many people use this password, so it is tried first. Choose another one.';
    expect(await read(page)).toEqual(choose(advice));
    expect(await focused(page)).toBe('password');
    expect(await page.getByLabel('New password').getAttribute('aria-describedby')).toBe('rule problem');
    expect(await page.locator('#problem').textContent()).toBe(advice);
    await photograph(page, named('weak'));
    expect((await login(service, email)).status).toBe(200);

    expect(await submit(page, 'a longer password')).toBe(200);
    expect(await read(page)).toEqual(PASSWORD_IS_SET);
    await photograph(page, named('set'));
    expect((await login(service, email, PASSWORD)).status).toBe(400);
    expect((await login(service, email, 'a longer password')).status).toBe(200);
    expect((await service.request('GET', '/api/auth/me/', { token: session.body.access })).status).toBe(401);

    await page.goto(await linkTo(email, 'Reset your password'));
    expect(await read(page)).toEqual(USED);
  });

  it('another address is chosen, as often as it takes', async () => {
    const email = await someoneWhoMoves();
    const taken = await someoneWhoRegistered();
    const inbox = await visitors.arrive(options);
    const page = await followMail(inbox, email, 'Username reset on Ostiary', 'Choose a new address');
    expect(await read(page)).toEqual(chooseAddress());
    expect(await focused(page)).toBe('email');
    await photograph(page, named('choose an address'));
    await page.reload();
    expect(await read(page)).toEqual(chooseAddress());

    const fill = async (address: string): Promise<number> => {
      await page.getByLabel('New e-mail address').fill(address);
      return leadsOn(page, () => button(page).click());
    };
    expect(await fill('somebody@nowhere')).toBe(400);
    expect(await read(page)).toEqual(
      chooseAddress('That is not an e-mail address. Look for a slip of the keys.', 'somebody@nowhere'),
    );
    expect(await page.getByLabel('New e-mail address').getAttribute('aria-describedby')).toBe('problem');
    await photograph(page, named('no address'));
    expect(await fill(taken)).toBe(400);
    expect(await read(page)).toEqual(chooseAddress('This address has an account already. Choose another one.', taken));
    expect(await focused(page)).toBe('email');
    expect((await logIn(service, email, PASSWORD)).status).toBe(200);

    const next = someone();
    expect(await fill(next)).toBe(200);
    expect(await read(page)).toEqual(ADDRESS_IS_NOTED);
    await photograph(page, named('address noted'));
    expect((await logIn(service, email, PASSWORD)).status).toBe(401);
    expect((await logIn(service, next, PASSWORD)).status).toBe(200);
    await page.goto(await linkTo(email, 'Username reset on Ostiary'));
    expect(await read(page)).toEqual(USED);
  });

  it('a new address is confirmed by a button, and by nothing before it', async () => {
    const email = await someoneWhoMoves();
    const next = someone();
    const page = await visitors.arrive(options);
    await page.goto(await confirmationLinkFor(email, next));
    expect(await read(page)).toEqual(CONFIRM_NEW);
    await photograph(page, named('confirm an address'));
    await page.reload();
    expect(await read(page)).toEqual(CONFIRM_NEW);
    expect((await logIn(service, next, PASSWORD)).status).toBe(401);

    expect(await leadsOn(page, () => button(page).click())).toBe(200);
    expect(await read(page)).toEqual(ADDRESS_IS_CHANGED);
    await photograph(page, named('address changed'));
    expect((await logIn(service, next, PASSWORD)).status).toBe(200);
    expect(await leadsOn(page, () => page.reload())).toBe(400);
    expect(await read(page)).toEqual(USED);
  });

  it('a link that is no good says why', async () => {
    const page = await visitors.arrive(options);
    for (const path of ['verify-email', 'reset-password', 'reset-email', 'confirm-email'].map(
      (name) => `/account/${name}`,
    )) {
      for (const query of [
        '',
        '?token=',
        `?token=${SECRET}`,
        '?token=%3Cscript%3Ealert(1)%3C/script%3E',
        '?token=%00',
      ]) {
        expect((await page.goto(service.url + path + query))?.status()).toBe(400);
        expect(await read(page)).toEqual(NO_GOOD);
      }
    }
    await photograph(page, named('no good'));

    const email = await someoneWhoRegistered();
    await page.goto(await linkTo(email, 'Verify your email'));
    await expire(email);
    expect(await leadsOn(page, () => page.reload())).toBe(400);
    expect(await read(page)).toEqual(EXPIRED);
    await photograph(page, named('expired'));
  });
});

describe('a page that was open for too long', () => {
  it('confirms nothing', async () => {
    const email = await someoneWhoRegistered();
    const page = await visitors.arrive();
    await page.goto(await linkTo(email, 'Verify your email'));
    await expire(email);
    expect(await leadsOn(page, () => button(page).click())).toBe(400);
    expect(await read(page)).toEqual(EXPIRED);
    expect(await stateOf(email)).toBe('pending');
  });

  it('sets no password', async () => {
    const email = await someoneWhoForgot();
    const page = await visitors.arrive();
    await page.goto(await linkTo(email, 'Reset your password'));
    await expire(email);
    expect(await submit(page, 'a longer password')).toBe(400);
    expect(await read(page)).toEqual(EXPIRED);
    expect((await login(service, email, PASSWORD)).status).toBe(200);
  });
});

it('a password that is too short does not leave the browser', async () => {
  const email = await someoneWhoForgot();
  const page = await visitors.arrive();
  await page.goto(await linkTo(email, 'Reset your password'));
  await page.getByLabel('New password').fill('short');
  await page.getByLabel('The same again').fill('short');
  await button(page).click();
  expect(await page.locator('input:invalid').count()).toBe(2);
  expect((await visitors.leave()).requests).toHaveLength(1);
});

it('a password that is the address itself is refused with that advice', async () => {
  const email = await someoneWhoForgot();
  const page = await visitors.arrive();
  await page.goto(await linkTo(email, 'Reset your password'));
  expect(await submit(page, email)).toBe(400);
  expect(await read(page)).toEqual(
    choose('Your e-mail address is the first thing that is tried. Choose something else.'),
  );
});

describe('with the keyboard alone', () => {
  /** Tab until the focus is on the one and only that is meant. */
  async function tabTo(
    page: Page,
    role: 'link' | 'button',
    name: string,
    place: Page | FrameLocator = page,
  ): Promise<void> {
    const target = place.getByRole(role, { name }).and(place.locator(':focus-visible'));
    for (let count = 0; count < 12; count += 1) {
      await page.keyboard.press('Tab');
      if ((await target.count()) === 1) return;
    }
    throw new Error(`Tab does not lead to the ${role} ${name}`);
  }

  async function followMailByKeys(email: string, subject: string, label: string): Promise<Page> {
    const page = await visitors.arrive();
    await page.goto(`${service.url}/dev/inbox?to=${encodeURIComponent(email)}`);
    await tabTo(page, 'link', subject);
    await leadsOn(page, () => page.keyboard.press('Enter'));
    await tabTo(page, 'link', label, page.frameLocator('iframe'));
    return opensTab(page, () => page.keyboard.press('Enter'));
  }

  it('an e-mail address is confirmed', async () => {
    const email = await someoneWhoRegistered();
    const page = await followMailByKeys(email, 'Verify your email', 'Verify email');
    await tabTo(page, 'button', 'Confirm e-mail');
    await photograph(page, 'confirm-with-the-keyboard');
    expect(await leadsOn(page, () => page.keyboard.press('Enter'))).toBe(200);
    expect(await read(page)).toEqual(CONFIRMED);
  });

  it('a new password is chosen', async () => {
    const email = await someoneWhoForgot();
    const page = await followMailByKeys(email, 'Reset your password', 'Reset password');
    // The first field has the focus already.
    await page.keyboard.type('a longer password');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a different password');
    expect(await leadsOn(page, () => page.keyboard.press('Enter'))).toBe(400);
    expect(await read(page)).toEqual(choose('The two do not match.'));
    await page.keyboard.type('a longer password');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a longer password');
    await tabTo(page, 'button', 'Set password');
    await photograph(page, 'choose-with-the-keyboard');
    expect(await leadsOn(page, () => page.keyboard.press('Enter'))).toBe(200);
    expect(await read(page)).toEqual(PASSWORD_IS_SET);
    expect((await login(service, email, 'a longer password')).status).toBe(200);
  });
});

it('the API address of a verification shows the page with the button when a person opens it', async () => {
  const email = await someoneWhoRegistered();
  const { searchParams } = new URL(await linkTo(email, 'Verify your email'));
  const page = await visitors.arrive();
  await page.goto(`${service.url}/api/auth/verify-email/?${searchParams.toString()}`);
  expect(await read(page)).toEqual(CONFIRM);
  expect(await stateOf(email)).toBe('pending');
  await leadsOn(page, () => button(page).click());
  expect(await read(page)).toEqual(CONFIRMED);
  expect(await stateOf(email)).toBe('active');
});

it('no page leaves anything in the browser', async () => {
  const page = await visitors.arrive();
  await page.goto(await linkTo(await someoneWhoRegistered(), 'Verify your email'));
  await leadsOn(page, () => button(page).click());
  expect(await page.context().storageState()).toEqual({ cookies: [], origins: [] });
});
