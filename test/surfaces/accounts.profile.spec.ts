import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinAccounts, logIn, post, type Member } from '../support/accounts.js';
import { join, PASSWORD } from '../support/people.js';
import { halves } from '../support/images.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
let member: Member;
beforeAll(async () => {
  service = await startService();
  member = await joinAccounts(service);
});
afterAll(() => service.close());

const EMPTY = { country: '', profession: '', bio: '', thoughts: '', profile_img: '' };
const URL_WORDS = ['Enter a valid URL.'];
const max = (length: number): string => `Ensure this field has no more than ${length} characters.`;

const read = (token = member.access): Promise<Answered> =>
  service.request('GET', '/accounts/api/get/profile/', { token });
const update = (body: unknown, token = member.access): Promise<Answered> =>
  service.request('POST', '/accounts/api/update/profile/', { token, body });

describe('update/profile', () => {
  it('changes what is sent and leaves the rest', async () => {
    const { access } = await joinAccounts(service);
    expect((await read(access)).body).toEqual(EMPTY);
    const steps: [object, object][] = [
      [{ country: 'Nepal' }, { country: 'Nepal' }],
      [
        { bio: ' trimmed ', thoughts: 7 },
        { country: 'Nepal', bio: 'trimmed', thoughts: '7' },
      ],
      [{}, { country: 'Nepal', bio: 'trimmed', thoughts: '7' }],
      [
        { country: '', profile_img: 'http://x.example/a.png' },
        { bio: 'trimmed', thoughts: '7', profile_img: 'http://x.example/a.png' },
      ],
      [{ profile_img: ' ' }, { bio: 'trimmed', thoughts: '7' }],
    ];
    for (const [body, expected] of steps) {
      const answer = await update(body, access);
      expect([answer.status, answer.body]).toEqual([200, { ...EMPTY, ...expected }]);
      expect((await read(access)).body).toEqual(answer.body);
    }
  });

  it('reads forms', async () => {
    const { access } = await joinAccounts(service);
    expect((await update(new URLSearchParams({ country: 'Nepal' }), access)).body).toEqual({
      ...EMPTY,
      country: 'Nepal',
    });
    const form = new FormData();
    form.set('bio', 'of a form');
    expect((await update(form, access)).body).toEqual({ ...EMPTY, country: 'Nepal', bio: 'of a form' });
  });

  it('changes no name and no address, whatever its description says', async () => {
    const { access, email } = await joinAccounts(service);
    const before = await service.sql('SELECT * FROM users WHERE email = $1', [email]);
    const answer = await update({ name: 'x', username: 'x', email: 'x@example.com', role: 'Admin' }, access);
    expect([answer.status, answer.body]).toEqual([200, EMPTY]);
    expect(await service.sql('SELECT * FROM users WHERE email = $1', [email])).toEqual(before);
  });

  it('shows one picture with the other surfaces', async () => {
    const person = await join(service);
    const url = 'https://cdn.example.com/a.png';
    await update({ profile_img: url }, person.access);
    const me = await service.request<{ avatar: string }>('GET', '/api/auth/me/', { token: person.access });
    expect(me.body.avatar).toBe(url);
  });

  it.each<[object, object]>([
    [
      { country: null, profession: null, bio: null, thoughts: null, profile_img: null },
      Object.fromEntries(Object.keys(EMPTY).map((name) => [name, ['This field may not be null.']])),
    ],
    [
      { country: true, profession: [], bio: {}, thoughts: false, profile_img: ['x'] },
      Object.fromEntries(Object.keys(EMPTY).map((name) => [name, ['Not a valid string.']])),
    ],
    [
      {
        country: 'x'.repeat(101),
        profession: 'x'.repeat(101),
        bio: 'x'.repeat(1001),
        thoughts: 'x'.repeat(1001),
        profile_img: `https://x.example/${'x'.repeat(2_048)}`,
      },
      {
        country: [max(100)],
        profession: [max(100)],
        bio: [max(1000)],
        thoughts: [max(1000)],
        profile_img: [max(2048)],
      },
    ],
    [{ bio: 'a\0b' }, { bio: ['Null characters are not allowed.'] }],
    [{ thoughts: '\udfff' }, { thoughts: ['Surrogate characters are not allowed: U+DFFF.'] }],
    ...[
      'string',
      '7',
      'javascript:alert(1)',
      'ftp://x.example/a.png',
      'file:///etc/passwd',
      '//x.example/a.png',
      '/a.png',
      'https://',
      'https://x y.example/',
      'https://x.example/a b',
      'data:text/html,<script>alert(1)</script>',
      'data:,x',
    ].map((profile_img): [object, object] => [{ profile_img }, { profile_img: URL_WORDS }]),
  ])('refuses %j', async (body, expected) => {
    const before = await read();
    const answer = await update(body);
    expect(answer.body).toEqual(expected);
    expect(answer.status).toBe(400);
    expect((await read()).body).toEqual(before.body);
  });

  it('takes texts as long as they may be, in code points', async () => {
    const profile = { ...EMPTY, country: '\u{1f600}'.repeat(100), bio: '\u{1f600}'.repeat(1000) };
    expect((await update(profile)).body).toEqual(profile);
  });
});

describe('profile_img', () => {
  const imgOf = async (profile_img: unknown): Promise<string> =>
    ((await update({ profile_img })).body as { profile_img: string }).profile_img;
  const dataUrl = async (): Promise<string> =>
    `data:image/png;base64,${(await halves().png().toBuffer()).toString('base64')}`;
  const IMAGE_WORDS = ['Upload a valid image. The file you uploaded was either not an image or a corrupted image.'];
  const seen = async (url: string): Promise<number> => (await fetch(service.url + new URL(url).pathname)).status;

  it('may be an image as a data URL, and is answered as a URL that shows it', async () => {
    const url = await imgOf(await dataUrl());
    expect(url).toMatch(/^https:\/\/auth\.test\/pictures\/[0-9a-f]{32}\.webp$/);
    expect((await read()).body).toMatchObject({ profile_img: url });
    expect(await seen(url)).toBe(200);
    const me = await service.request<{ avatar: string }>('GET', '/api/auth/me/', { token: member.access });
    expect(`https://auth.test${me.body.avatar}`).toBe(url);
    // A form that sends back all that it was given keeps the picture.
    expect((await update((await read()).body)).body).toMatchObject({ profile_img: url });
    expect(await seen(url)).toBe(200);
    expect(await imgOf('')).toBe('');
    expect(await seen(url)).toBe(404);
  });

  it('may be a file in a form, beside the other fields', async () => {
    const form = new FormData();
    form.set('country', 'Nepal');
    form.set('profile_img', new Blob([Uint8Array.from(await halves().jpeg().toBuffer())]), 'me.jpg');
    const { status, body } = await update(form);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ country: 'Nepal', profile_img: expect.stringMatching(/\.webp$/) as string }),
    ]);
  });

  it('may be as large as a picture may be', async () => {
    const noise = (length: number): string => `data:image/png;base64,${randomBytes(length).toString('base64')}`;
    expect((await update({ profile_img: noise(5_242_880) })).body).toEqual({ profile_img: IMAGE_WORDS });
    expect((await update({ profile_img: noise(5_242_881) })).body).toEqual({
      profile_img: ['Upload a smaller image. It may have at most 5 MB and 50 megapixels.'],
    });
    const { status, body } = await update({ profile_img: 'x'.repeat(9_000_000) });
    expect([status, body]).toEqual([413, { detail: 'The request body is too large.' }]);
  });

  it.each([
    'data:image/png;base64,',
    'data:image/png;base64,AAAA',
    'data:image/png,x',
    'data:image/svg+xml;base64,PHN2Zy8+',
    `data:image/png;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64')}`,
    `data:image/gif;base64,${Buffer.from('<!DOCTYPE html><script>alert(1)</script>').toString('base64')}`,
  ])('is no image as %.50s', async (profile_img) => {
    const before = await read();
    const { status, body } = await update({ profile_img, country: 'Nowhere' });
    expect([status, body]).toEqual([400, { profile_img: IMAGE_WORDS }]);
    expect((await read()).body).toEqual(before.body);
  });
});

interface HistoryBody {
  history: { id: number; event: string; ip_address: string; user_agent: string; created_at: string }[];
  count: number;
  next: string | null;
  previous: string | null;
}

const history = (token: string, query = ''): Promise<Answered<HistoryBody>> =>
  service.request('GET', `/accounts/api/get/history/${query}`, { token });

describe('the history', () => {
  it("tells the caller's own events, the newest first", async () => {
    const { access, email } = await joinAccounts(service);
    await logIn(service, email, 'wrongpassword1');
    await update({ bio: 'x' }, access);
    await post(service, 'forget/password/', { email });
    const change = { old_password: PASSWORD, new_password: 'newpassword123', confirm_password: 'newpassword123' };
    await service.request('POST', '/accounts/api/change/password/', { token: access, body: change });
    const { body } = await history(access);
    expect(body.history.map(({ event }) => event)).toEqual([
      'password_change',
      'password_reset_request',
      'profile_update',
      'login_failed',
      'login',
      'activation',
      'registration',
    ]);
    expect(body.count).toBe(7);
    const ids = body.history.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((one, other) => other - one));
  });

  it('comes in pages of twenty, and its last ten are on the dashboard', async () => {
    const { access, email } = await joinAccounts(service);
    await service.sql(
      `INSERT INTO account_events (user_id, event, ip, user_agent, created_at)
       SELECT u.id, 'login', '192.0.2.' || n, NULL, now() FROM users u, generate_series(1, 42) n WHERE u.email = $1`,
      [email],
    );
    const url = (query: string): string => `https://auth.test/accounts/api/get/history/${query}`;
    const first = await history(access);
    expect(first.body).toMatchObject({ count: 45, next: url('?page=2'), previous: null });
    expect(first.body.history).toHaveLength(20);
    expect(first.body.history[0]).toMatchObject({ ip_address: '192.0.2.42', user_agent: null });
    for (const query of ['?page=1', '?page=', '?page=3&page=1']) {
      expect((await history(access, query)).body).toEqual(first.body);
    }
    const second = await history(access, '?page=2');
    expect(second.body).toMatchObject({ count: 45, next: url('?page=3'), previous: url('') });
    const third = await history(access, '?page=3');
    expect(third.body).toMatchObject({ count: 45, next: null, previous: url('?page=2') });
    expect(third.body.history.map(({ event }) => event)).toEqual(
      ['login', 'login', 'login', 'activation', 'registration'].slice(-third.body.history.length),
    );
    const all = [first, second, third].flatMap(({ body }) => body.history.map(({ id }) => id));
    expect(new Set(all).size).toBe(45);
    const dashboard = await service.request<{ data: { history: unknown[] } }>('GET', '/accounts/api/dashboard/', {
      token: access,
    });
    expect(dashboard.body.data.history).toEqual(first.body.history.slice(0, 10));
  });

  it.each(['0', '-1', '2', 'x', '1.5', '%20', '1e1', '99999999999999999999', '%00', "1'"])(
    'has no page %j',
    async (page) => {
      const answer = await history((await fresh()).access, `?page=${page}`);
      expect([answer.status, answer.body]).toEqual([404, { detail: 'Invalid page.', msg: 'Invalid page.' }]);
    },
  );

  let another: Promise<Member> | undefined;
  const fresh = (): Promise<Member> => (another ??= joinAccounts(service));
});

describe('the dashboard', () => {
  it('is for verified addresses only', async () => {
    const person = await join(service);
    await service.sql('UPDATE users SET email_verified_at = NULL WHERE email = $1', [person.user.email]);
    const answer = await service.request('GET', '/accounts/api/dashboard/', { token: person.access });
    const text = 'Please verify your email address to activate your account.';
    expect([answer.status, answer.body]).toEqual([403, { detail: text, msg: text }]);
    expect((await read(person.access)).status).toBe(200);
  });

  it('shows what there is of an account of another surface', async () => {
    const person = await join(service);
    const answer = await service.request<{ data: object }>('GET', '/accounts/api/dashboard/', { token: person.access });
    expect(answer.body.data).toMatchObject({ username: null, email: person.user.email, is_active: true });
  });
});
