import { request as httpRequest } from 'node:http';
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UploadedFile } from '../../src/surfaces/kit/forms.js';
import { pictureOf } from '../../src/surfaces/kit/picture.js';
import { animation, chunksOf, colorAt, expectColor, halves, RED, vast } from '../support/images.js';
import { join, login, type LoginBody, type UserBody } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

let service: Service;
let person: LoginBody;
let png: Buffer;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com' });
  person = await join(service);
  png = await halves().png().toBuffer();
});
afterAll(() => service.close());

const PATH = '/api/auth/me/avatar/';
const NOT_AN_IMAGE = {
  avatar: ['Upload a valid image. The file you uploaded was either not an image or a corrupted image.'],
};
const TOO_LARGE = { avatar: ['Upload a smaller image. It may have at most 5 MB and 50 megapixels.'] };

function formWith(bytes: Buffer, name = 'me.png', type = 'image/png'): FormData {
  const form = new FormData();
  form.set('avatar', new Blob([Uint8Array.from(bytes)], { type }), name);
  return form;
}

const upload = (body: unknown, token = person.access): Promise<Answered<UserBody>> =>
  service.request('PUT', PATH, { body, token });

async function see(path: string | null, headers: Record<string, string> = {}): Promise<Response & { image: Buffer }> {
  const response = await fetch(`${service.url}${path}`, { headers });
  return Object.assign(response, { image: Buffer.from(await response.arrayBuffer()) });
}

describe('PUT me/avatar', () => {
  it('keeps the picture and answers the user with its path', async () => {
    const { status, body, headers } = await upload(formWith(png));
    expect([status, body]).toEqual([
      200,
      { ...person.user, avatar: expect.stringMatching(/^\/pictures\/[0-9a-f]{32}\.webp$/) as string },
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await service.request('GET', '/api/auth/me/', { token: person.access })).body).toEqual(body);
    expect((await login(service, person.user.email)).body.user).toEqual(body);
    const { image } = await see(body.avatar);
    expect(chunksOf(image)).toEqual(['VP8 ']);
    expectColor(await colorAt(image, 8, 16), RED);
  });

  it.each(['/api/auth/me/avatar', PATH])('%s is its address', async (path) => {
    const answer = await service.request('PUT', path, { body: formWith(png), token: person.access });
    expect(answer.status).toBe(200);
  });

  it('takes no notice of what the file is said to be', async () => {
    const gif = await animation();
    for (const [bytes, name, type] of [
      [png, 'me.svg', 'image/svg+xml'],
      [png, '../../../etc/passwd\u0001"', 'text/html'],
      [gif, 'me.exe', 'application/octet-stream'],
      [png, 'x'.repeat(5_000), 'image/png'],
    ] as const) {
      const { status, body } = await upload(formWith(bytes, name, type));
      expect([status, body.avatar]).toEqual([200, expect.stringMatching(/^\/pictures\/[0-9a-f]{32}\.webp$/)]);
    }
  });

  it.each([
    ['svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'image/png'],
    ['html', '<!DOCTYPE html><script>alert(1)</script>', 'image/jpeg'],
    ['pdf', '%PDF-1.4\n%%EOF', 'image/png'],
    ['text', 'text', 'image/gif'],
  ])('refuses %s, whatever it is said to be', async (_kind, text, type) => {
    const before = await service.request('GET', '/api/auth/me/', { token: person.access });
    const { status, body } = await upload(formWith(Buffer.from(text), 'me.png', type));
    expect([status, body]).toEqual([400, NOT_AN_IMAGE]);
    expect((await service.request('GET', '/api/auth/me/', { token: person.access })).body).toEqual(before.body);
  });

  it('refuses an image that is cut off, and one of too many bytes or pixels', async () => {
    expect((await upload(formWith(png.subarray(0, -20)))).body).toEqual(NOT_AN_IMAGE);
    for (const bytes of [Buffer.alloc(5_242_881), vast(30_000, 30_000)]) {
      const { status, body } = await upload(formWith(bytes));
      expect([status, body]).toEqual([400, TOO_LARGE]);
    }
  });

  const missing = { avatar: ['No file was submitted.'] };
  const notAFile = { avatar: ['The submitted data was not a file. Check the encoding type on the form.'] };
  const formOf = (entries: Record<string, string | Blob>): FormData => {
    const form = new FormData();
    for (const [name, value] of Object.entries(entries)) form.set(name, value);
    return form;
  };
  it.each([
    ['nothing', undefined, missing],
    ['an empty object', {}, missing],
    ['a form without the field', formOf({ picture: 'x' }), missing],
    ['a form in which no file was chosen', formOf({ avatar: new File([], '') }), missing],
    ['null', { avatar: null }, { avatar: ['This field may not be null.'] }],
    ['a text', { avatar: 'me.png' }, notAFile],
    ['a text in a form', formOf({ avatar: 'me.png' }), notAFile],
    ['a text in a form of texts', new URLSearchParams({ avatar: '' }), notAFile],
    ['a data URL', { avatar: 'data:image/png;base64,AAAA' }, notAFile],
    ['a number', { avatar: 1 }, notAFile],
    ['a bool', { avatar: false }, notAFile],
    ['a list', { avatar: [1] }, notAFile],
    ['an object', { avatar: { bytes: 'AAAA', name: 'me.png' } }, notAFile],
    ['an empty file', formOf({ avatar: new File([], 'me.png') }), { avatar: ['The submitted file is empty.'] }],
    ['a list in place of the body', [], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
  ])('says what is wrong with %s', async (_what, sent, words) => {
    const { status, body } = await upload(sent);
    expect([status, body]).toEqual([400, words]);
  });

  it('says what is wrong with a form that cannot be read', async () => {
    for (const [type, sent] of [
      ['multipart/form-data', '--x\r\n\r\n'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\ncut',
      ],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="avatar"; filename=""\r\n\r\ncut',
      ],
    ] as const) {
      const answer = await service.request<{ detail: string }>('PUT', PATH, {
        body: sent,
        token: person.access,
        headers: { 'content-type': type },
      });
      expect([answer.status, answer.body.detail]).toEqual([
        400,
        expect.stringMatching(/^Multipart form parse error - ./),
      ]);
    }
    const xml = await service.request('PUT', PATH, {
      body: '<a/>',
      token: person.access,
      headers: { 'content-type': 'application/xml' },
    });
    expect([xml.status, xml.body]).toEqual([415, { detail: 'Unsupported media type "application/xml" in request.' }]);
  });

  it('has its own limit of 8 MB, and the caller gets to read so', async () => {
    const { status, body } = await upload(formWith(randomBytes(20_000_000)));
    expect([status, body]).toEqual([413, { detail: 'The request body is too large.' }]);
    // Without a length in its headers, too.
    const stream = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 9_000_000; sent += 100_000) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    });
    const answer = await fetch(service.url + PATH, {
      method: 'PUT',
      body: stream,
      duplex: 'half',
      headers: { authorization: `Bearer ${person.access}`, 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect(answer.status).toBe(413);
    expect((await upload(formWith(png))).status).toBe(200);
    // Every other route has the one it had.
    const other = await service.request('POST', '/api/auth/login/', { body: { email: 'x'.repeat(300_000) } });
    expect(other.status).toBe(413);
  });

  it('asks who is calling first, and before it takes in what is sent', async () => {
    const stranger = { detail: 'Authentication credentials were not provided.' };
    for (const method of ['PUT', 'DELETE', 'GET', 'POST', 'PATCH']) {
      const { status, body } = await service.request(method, PATH);
      expect([status, body]).toEqual([401, stranger]);
    }
    expect(await service.request('PUT', PATH, { body: formWith(png) })).toMatchObject({ status: 401, body: stranger });
    const bad = await service.request('PUT', PATH, { body: formWith(randomBytes(7_000_000)), token: 'x' });
    expect(bad).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
    // The answer is there though the body never comes.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'multipart/form-data; boundary=x', 'content-length': 8_000_000 };
      const sending = httpRequest(service.url + PATH, { method: 'PUT', headers }, (response) => {
        resolve(response.statusCode);
        sending.destroy();
      });
      sending.on('error', reject);
      sending.write('--x\r\n');
    });
    expect(status).toBe(401);
  });

  it('an upload that breaks off changes nothing', async () => {
    const before = (await service.request<UserBody>('GET', '/api/auth/me/', { token: person.access })).body;
    await new Promise<void>((resolve) => {
      const sending = httpRequest(service.url + PATH, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${person.access}`,
          'content-type': 'multipart/form-data; boundary=x',
          'content-length': 8_000_000,
        },
      });
      sending.on('error', () => resolve());
      sending.write('--x\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\n', () =>
        sending.destroy(),
      );
      sending.on('close', () => resolve());
    });
    expect((await service.request('GET', '/api/auth/me/', { token: person.access })).body).toEqual(before);
    expect((await see(before.avatar)).status).toBe(200);
  });

  it.each(['GET', 'POST', 'PATCH'])('%s is not its method', async (method) => {
    const answer = await service.request(method, PATH, { token: person.access });
    expect([answer.status, answer.body, answer.headers.get('allow')]).toEqual([
      405,
      { detail: `Method "${method}" not allowed.` },
      'PUT, DELETE, OPTIONS',
    ]);
  });

  it('of two at once, one picture is left', async () => {
    const other = await halves(32, 64).jpeg().toBuffer();
    const answers = await Promise.all([upload(formWith(png)), upload(formWith(other)), upload(formWith(png))]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { body } = await service.request<UserBody>('GET', '/api/auth/me/', { token: person.access });
    for (const { body: user } of answers) {
      expect((await see(user.avatar)).status).toBe(user.avatar === body.avatar ? 200 : 404);
    }
  });
});

it('DELETE me/avatar removes it, and again', async () => {
  const { body } = await upload(formWith(png));
  for (let time = 0; time < 2; time += 1) {
    const answer = await service.request('DELETE', PATH, { token: person.access });
    expect([answer.status, answer.body]).toEqual([200, { ...person.user, avatar: null }]);
  }
  expect((await see(body.avatar)).status).toBe(404);
});

describe('GET /pictures/…', () => {
  let path: string;
  beforeEach(async () => {
    path = (await upload(formWith(png))).body.avatar ?? '';
  });

  it('shows it to anybody, as an image and nothing else', async () => {
    for (const address of [path, `${path}/`, `${path}?v=1`]) {
      const { status, headers, image } = await see(address);
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'image/webp',
        'content-length': String(image.length),
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'cross-origin-resource-policy': 'cross-origin',
        'cache-control': 'public, max-age=31536000, immutable',
        etag: `"${path.slice(10, 42)}"`,
      });
      expect(headers.get('set-cookie')).toBeNull();
      expect((await sharp(image).metadata()).format).toBe('webp');
    }
    expect((await see(path, { authorization: 'Bearer nonsense', accept: 'text/html' })).status).toBe(200);
    const { headers } = await see(path, { origin: 'https://app.example.com' });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com');
  });

  it('is not sent again to whoever has it', async () => {
    const tag = (await see(path)).headers.get('etag') ?? '';
    for (const condition of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const { status, headers, image } = await see(path, { 'if-none-match': condition });
      expect([status, image.length, headers.get('etag')]).toEqual([304, 0, tag]);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
    expect((await see(path, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('HEAD is GET without the picture', async () => {
    const { headers } = await see(path);
    const head = await service.request('HEAD', path);
    expect([head.status, head.body]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control']) {
      expect([name, head.headers.get(name)]).toEqual([name, headers.get(name)]);
    }
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is not its method', async (method) => {
    const answer = await service.request(method, path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect((await see(path)).status).toBe(200);
  });

  it.each([
    '/pictures',
    '/pictures/',
    '/pictures/x',
    `/pictures/${'0'.repeat(32)}.webp`,
    '/pictures/%00.webp',
    '/pictures/..%2f..%2fetc%2fpasswd',
    `/pictures/${'0'.repeat(900)}.webp`,
  ])('%.60s is none', async (address) => {
    const answer = await service.request('GET', address);
    expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('there is none under another form of its name', async () => {
    for (const address of [path.replace('.webp', ''), path.replace('.webp', '.png'), path.toUpperCase(), `${path}x`]) {
      expect([address, (await see(address)).status]).toEqual([address, 404]);
    }
  });

  it('there is none under an old name, though somebody has it', async () => {
    const tag = (await see(path)).headers.get('etag') ?? '';
    await upload(formWith(png));
    expect((await see(path)).status).toBe(404);
    expect((await see(path, { 'if-none-match': tag })).status).toBe(404);
  });
});

describe('nobody waits long', () => {
  const PAUSE = 50;

  /** The longest pause of this process while `work` runs, in milliseconds. Others work on this machine, too, so the best of some counts. */
  async function longestPause(work: () => Promise<unknown>): Promise<number> {
    let least = Infinity;
    for (let time = 0; time < 12 && least >= PAUSE; time += 1) {
      const pauses = monitorEventLoopDelay({ resolution: 2 });
      pauses.enable();
      await work();
      pauses.disable();
      least = Math.min(least, pauses.max / 1e6);
    }
    return least;
  }

  const send = (body: Buffer, type: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${person.access}`, 'content-type': type, 'content-length': body.length };
      const sending = httpRequest(service.url + PATH, { method: 'PUT', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      sending.on('error', reject).end(body);
    });

  const LIMIT = 8 * 1024 * 1024;
  const part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n';
  const picture = '--x\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\n\r\n';
  const multipart = 'multipart/form-data; boundary=x';
  const many = (text: string): string => text.repeat(Math.floor((LIMIT - 20) / Buffer.byteLength(text)));
  it.each<[string, string, number, () => string | Buffer]>([
    ['a large file', multipart, 400, () => `${picture}${'x'.repeat(5_000_000)}\r\n--x--\r\n`],
    ['many parts', multipart, 400, () => `${many(part)}--x--\r\n`],
    ['what looks like boundaries', multipart, 400, () => `${picture}${many('\r\n--').slice(200)}\r\n--x--\r\n`],
    ['a large text', 'application/json', 400, () => `{"avatar":"${many('x')}"}`],
    ['a large text with escapes', 'application/json', 400, () => `{"avatar":"${many(`${'x'.repeat(62)}\\/`)}"}`],
    ['many numbers', 'application/json', 413, () => `[${many('1,')}1]`],
    ['many objects', 'application/json', 413, () => `[${many('{},')}1]`],
    ['a deep list', 'application/json', 413, () => many('[')],
    ['many escapes', 'application/json', 413, () => `"${many('\\"')}`],
    ['a text without an end', 'application/json', 400, () => `{"avatar":"${many('x')}`],
    ['many lines', 'application/json', 400, () => `{"avatar":${many('\n')}x`],
    ['characters beyond the basic plane', 'application/json', 400, () => `{"avatar":"${many('😀')}`],
    ['replacement characters', 'application/json', 400, () => `{"avatar":"${many('\ufffd')}\u0001`],
    [
      'a bad byte behind replacement characters',
      'application/json',
      400,
      () => Buffer.concat([Buffer.from(`{"avatar":"${many('\ufffd')}`), Buffer.from([0xff])]),
    ],
    ['many fields', 'application/x-www-form-urlencoded', 413, () => many('a=&')],
  ])('for %s', async (_what, type, status, body) => {
    const bytes = Buffer.from(body());
    expect(bytes.length).toBeLessThanOrEqual(LIMIT);
    let answered = 0;
    const pause = await longestPause(async () => {
      answered = await send(bytes, type);
    });
    expect(answered).toBe(status);
    expect(pause).toBeLessThan(PAUSE);
  });
});

describe('what came in the field of a picture', () => {
  const bytes = Buffer.from('any bytes');
  const data = bytes.toString('base64');

  it.each(['png', 'jpeg', 'jpg', 'webp', 'gif', 'PNG'])('is the bytes of a data URL of %s', (type) => {
    for (const url of [
      `data:image/${type};base64,${data}`,
      ` DATA:image/${type};name=me.png;charset=utf-8;BASE64,${data}\n`,
    ]) {
      expect(pictureOf(url)).toEqual(bytes);
    }
  });

  it('is the bytes of a file, a text, or nothing', () => {
    expect(pictureOf(new UploadedFile('me.png', bytes))).toBe(bytes);
    expect(pictureOf('https://example.com/a.png')).toBe('https://example.com/a.png');
    expect(pictureOf('')).toBe('');
    // No URL, as the core will say.
    expect(pictureOf('data:text/html,x')).toBe('data:text/html,x');
    expect(pictureOf(null)).toBeNull();
  });

  it.each([
    'data:image/png,x',
    `data:image/png,base64,${data}`,
    `data:image/svg+xml;base64,${data}`,
    `data:image/png;${'x'.repeat(200)};base64,${data}`,
  ])('%.30s is no image', (url) => {
    expect(() => pictureOf(url)).toThrow(expect.objectContaining({ code: 'picture_invalid' }));
  });

  it.each([0, 1, true, false, [], ['https://example.com/a.png'], {}, undefined])('%j is no URL', (value) => {
    expect(() => pictureOf(value)).toThrow(expect.objectContaining({ code: 'picture_not_a_url' }));
  });

  it('is read without a pause, however long it is', () => {
    const url = `data:image/png;base64,${randomBytes(5_242_880).toString('base64')}`;
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      expect((pictureOf(url) as Buffer).length).toBe(5_242_880);
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
