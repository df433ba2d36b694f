import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallersService, type Caller } from '../../src/auth/callers.service.js';
import { AccountService } from '../../src/auth/account.service.js';
import { Failure } from '../../src/failure.js';
import { PicturesService, type PictureChange } from '../../src/profile/pictures.service.js';
import { ProfileService } from '../../src/profile/profile.service.js';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import { HistoryService } from '../../src/users/history.service.js';
import { animation, BLUE, chunksOf, colorAt, expectColor, halves, RED, vast } from '../support/images.js';
import { join, PASSWORD } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
let person: Caller;
beforeAll(async () => {
  service = await startService();
  person = await somebody();
});
afterAll(() => service.close());

async function somebody(): Promise<Caller> {
  const read = await service.get(TokenCodec).read((await join(service)).access, 'access');
  if (read.outcome !== 'good') throw new Error(read.outcome);
  return service.get(CallersService).find(read.claims);
}

const set = async (picture: PictureChange, who = person): Promise<string | null> =>
  (await service.get(ProfileService).update(who.user.id, { picture })).user.picture;

const nameOf = (location: string | null): string =>
  /^\/pictures\/([0-9a-f]{32})\.webp$/.exec(location ?? '')?.[1] ?? '';

async function made(image: Buffer): Promise<Buffer> {
  const webp = await service.get(PicturesService).find(nameOf(await set(image)));
  if (webp === null) throw new Error('there is no such picture');
  return webp;
}

const refusal = async (picture: PictureChange): Promise<Failure> => {
  const before = await picturesOf(person);
  const failure: unknown = await set(picture).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Failure);
  // Whatever was there is still there.
  expect(await picturesOf(person)).toEqual(before);
  return failure as Failure;
};

const picturesOf = (who: Caller): Promise<{ name: string }[]> =>
  service.sql('SELECT name FROM pictures WHERE user_id = $1', [who.user.id]);

const locationOf = async (who: Caller): Promise<string | null> => {
  const [row] = await service.sql<{ picture: string | null }>('SELECT picture FROM users WHERE id = $1', [who.user.id]);
  return row?.picture ?? null;
};

describe('an image', () => {
  const formats = {
    png: () => halves().png(),
    'interlaced png': () => halves().png({ progressive: true }),
    'png of 16 bits': () => halves().toColourspace('rgb16').png(),
    'png with a palette': () => halves().png({ palette: true }),
    jpeg: () => halves().jpeg(),
    'progressive jpeg': () => halves().jpeg({ progressive: true }),
    webp: () => halves().webp(),
    'lossless webp': () => halves().webp({ lossless: true }),
    gif: () => halves().gif(),
  };
  it.each(Object.entries(formats))('may be a %s', async (_name, image) => {
    const webp = await made(await image().toBuffer());
    expect(await sharp(webp).metadata()).toMatchObject({ format: 'webp', width: 64, height: 32 });
    expectColor(await colorAt(webp, 8, 16), RED);
    expectColor(await colorAt(webp, 56, 16), BLUE);
  });

  it('of print colors is shown in those of a screen', async () => {
    const cmyk = await halves().toColourspace('cmyk').jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const webp = await made(cmyk);
    expect((await sharp(webp).metadata()).space).toBe('srgb');
    const [red = 0, , blue = 255] = await colorAt(webp, 8, 16);
    expect(red).toBeGreaterThan(blue + 100);
  });

  it('of grey tones stays one', async () => {
    const webp = await made(await halves().greyscale().jpeg().toBuffer());
    const [red = 0, green = 0, blue = 0] = await colorAt(webp, 8, 16);
    expect(Math.max(Math.abs(red - green), Math.abs(red - blue))).toBeLessThan(6);
  });

  it('keeps what is transparent', async () => {
    const clear = sharp({
      create: { width: 10, height: 10, channels: 4, background: { r: 220, g: 20, b: 20, alpha: 0.5 } },
    });
    for (const image of [await clear.clone().png().toBuffer(), await clear.clone().webp().toBuffer()]) {
      expectColor(await colorAt(await made(image), 5, 5), [...RED, 128]);
    }
  });

  it('may be one pixel, and is not made larger', async () => {
    const webp = await made(await halves(1, 1).png().toBuffer());
    expect(await sharp(webp).metadata()).toMatchObject({ width: 1, height: 1 });
  });

  it.each([
    [2000, 1000, 512, 256],
    [300, 3000, 51, 512],
    [513, 513, 512, 512],
    [512, 40, 512, 40],
    [20_000, 1, 512, 1],
  ])('of %i × %i pixels becomes one of %i × %i', async (width, height, toWidth, toHeight) => {
    const webp = await made(await halves(width, height).png().toBuffer());
    expect(await sharp(webp).metadata()).toMatchObject({ width: toWidth, height: toHeight });
  });

  it('that moves stands still at its first frame', async () => {
    const gif = await animation();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    const webp = await made(gif);
    const { pages, width, height } = await sharp(webp).metadata();
    expect([pages ?? 1, width, height]).toEqual([1, 20, 10]);
    expectColor(await colorAt(webp, 5, 5), RED);
    const movingWebp = await made(await sharp(gif, { animated: true }).webp().toBuffer());
    expect(chunksOf(movingWebp)).not.toContain('ANIM');
  });

  it('is set upright, and nothing is left that says where, when or with what it was taken', async () => {
    // Lying on its left side: what the camera calls "6" is to be turned by a quarter.
    const exif = {
      IFD0: { Make: 'SECRETCAMERA', Copyright: 'SECRETNAME' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
    };
    const image = halves()
      .withExif(exif)
      .withMetadata({ orientation: 6 })
      .withIccProfile('p3')
      .withXmp(
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">SECRETXMP</x:xmpmeta><?xpacket end="w"?>',
      );
    for (const taken of [
      await image.clone().jpeg().toBuffer(),
      await image.clone().webp().toBuffer(),
      await image.clone().png().toBuffer(),
    ]) {
      const before = await sharp(taken).metadata();
      expect([before.exif, before.icc, before.xmp].map(Boolean)).toEqual([true, true, true]);
      const webp = await made(taken);
      const after = await sharp(webp).metadata();
      if (before.orientation === 6) {
        expect([after.width, after.height]).toEqual([32, 64]);
        expectColor(await colorAt(webp, 16, 8), RED);
        expectColor(await colorAt(webp, 16, 56), BLUE);
      }
      expect([after.exif, after.icc, after.xmp, after.orientation]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(chunksOf(webp)).toEqual(['VP8 ']);
      expect(webp.toString('latin1')).not.toContain('SECRET');
    }
  });

  it('that has something behind it or in its comments is rid of it', async () => {
    const script = '<script>alert(1)</script>';
    const png = await halves().png().toBuffer();
    const gif = await halves().gif().toBuffer();
    const jpeg = await halves().jpeg().toBuffer();
    // GIFAR: an image in front, an archive behind.
    const archive = Buffer.from('PK\u0003\u0004META-INF/MANIFEST.MF', 'latin1');
    // A comment between two markers of a JPEG.
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, script.length + 2]), Buffer.from(script)]);
    for (const image of [
      Buffer.concat([png, Buffer.from(script)]),
      Buffer.concat([gif, archive, Buffer.from(script)]),
      Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]),
    ]) {
      const webp = await made(image);
      expect(webp.toString('latin1')).not.toMatch(/script|META-INF/);
      expect(chunksOf(webp)).toEqual(['VP8 ']);
    }
  });
});

describe('what is no image', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';
  const nothings: Record<string, () => Buffer | Promise<Buffer>> = {
    nothing: () => Buffer.alloc(0),
    'one byte': () => Buffer.from('x'),
    text: () => Buffer.from('Just a text.'),
    html: () => Buffer.from('<!DOCTYPE html><img src=x onerror=alert(1)>'),
    svg: () => Buffer.from(svg),
    'svg after a declaration': () => Buffer.from(`<?xml version="1.0"?>\n${svg}`),
    'svg in UTF-16': () => Buffer.from(`\ufeff${svg}`, 'utf16le'),
    pdf: () => Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF'),
    mvg: () =>
      Buffer.from("push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 'http://127.0.0.1/'\npop graphic-context"),
    bmp: () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]),
    ppm: () => Buffer.from('P6 1 1 255\n\u0001\u0001\u0001', 'latin1'),
    tiff: () => halves().tiff().toBuffer(),
    avif: () => halves().avif().toBuffer(),
    'html behind the first bytes of a png': async () =>
      Buffer.concat([(await halves().png().toBuffer()).subarray(0, 8), Buffer.from('<script>alert(1)</script>')]),
    'the first bytes of a gif': () => Buffer.from('GIF89a/*<svg onload=alert(1)>*/'),
    'a png cut off': async () => (await halves().png().toBuffer()).subarray(0, -20),
    'a jpeg cut off': async () => (await noise().jpeg().toBuffer()).subarray(0, -2_000),
    'a webp cut off': async () => (await noise().webp().toBuffer()).subarray(0, -2_000),
    'a gif cut off': async () => (await noise().gif().toBuffer()).subarray(0, -2_000),
    'noise behind the first bytes of a jpeg': async () =>
      Buffer.concat([(await halves().jpeg().toBuffer()).subarray(0, 20), Buffer.alloc(5_000, 0x9d)]),
  };
  const noise = (): Sharp =>
    sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: 'white',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    });

  it.each(Object.entries(nothings))('%s is refused', async (_name, bytes) => {
    expect(await refusal(await bytes())).toMatchObject({ code: 'picture_invalid' });
  });

  it('more than 5 MB is refused before anything looks at it', async () => {
    const facts = { code: 'picture_too_large', details: { maxBytes: 5_242_880, maxPixels: 50_000_000 } };
    expect(await refusal(Buffer.alloc(5_242_881))).toMatchObject(facts);
    // So many bytes are looked at.
    expect(await refusal(Buffer.alloc(5_242_880))).toMatchObject({ code: 'picture_invalid' });
  });

  it('a small file of very many pixels is refused without decoding it', async () => {
    const bomb = vast(30_000, 30_000);
    expect(bomb.length).toBeLessThan(2_000_000);
    const began = performance.now();
    const memory = process.memoryUsage().rss;
    expect(await refusal(bomb)).toMatchObject({ code: 'picture_too_large' });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - memory).toBeLessThan(50_000_000);
    // 50 megapixels are taken.
    expect(await set(vast(10_000, 5_000))).toMatch(/^\/pictures\//);
    expect(await refusal(vast(10_000, 5_001))).toMatchObject({ code: 'picture_too_large' });
  }, 60_000);

  it('the number of pixels that a file only claims counts', async () => {
    const png = await halves().png().toBuffer();
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    expect(['picture_too_large', 'picture_invalid']).toContain((await refusal(png)).code);
  });
});

describe('a URL', () => {
  it.each([
    'https://cdn.example.com/me.png',
    'http://example.com/a/b.jpg?size=20&x=1#top',
    'HTTPS://EXAMPLE.COM/A',
    'https://cdn.example.com/bild-ä.png',
    `https://example.com/${'x'.repeat(2_028)}`,
  ])('%.40s is kept as it is, and never asked for', async (url) => {
    expect(await set(url)).toBe(url);
    expect(await picturesOf(person)).toEqual([]);
  });

  it('has blanks around it removed', async () => {
    expect(await set('  https://cdn.example.com/me.png\n')).toBe('https://cdn.example.com/me.png');
  });

  it.each([
    'string',
    'ftp://example.com/a.png',
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    '//example.com/a.png',
    'https:example.com',
    'https://',
    'https://exa mple.com/a.png',
    'https://example.com/"onerror="alert(1)',
    'https://example.com/\u0000',
    'https://example.com/\ud800',
    'https://example.com/a\nb',
    `https://example.com/${'x'.repeat(2_029)}`,
    '/etc/passwd',
    '/pictures/../users',
    `/pictures/${'0'.repeat(32)}.webp`,
  ])('%.40j is none', async (text) => {
    expect(await refusal(text)).toMatchObject({ code: 'picture_not_a_url' });
  });

  it('of the present picture changes nothing', async () => {
    const location = await set(await halves().png().toBuffer());
    expect(await set(location)).toBe(location);
    expect(await set(`https://auth.test${location}`)).toBe(location);
    expect(service.get(PicturesService).urlOf(location)).toBe(`https://auth.test${location}`);
    expect(await picturesOf(person)).toEqual([{ name: nameOf(location) }]);
    expect(service.get(PicturesService).urlOf('https://elsewhere.example/a.png')).toBe(
      'https://elsewhere.example/a.png',
    );
    expect(service.get(PicturesService).urlOf(null)).toBeNull();
  });

  it("of somebody else's picture here is none without its host", async () => {
    const location = await set(await halves().png().toBuffer());
    const other = await somebody();
    await expect(set(location, other)).rejects.toMatchObject({ code: 'picture_not_a_url' });
    expect(await locationOf(other)).toBeNull();
  });
});

describe('what was there before', () => {
  it('is gone with the next one', async () => {
    const image = await halves().png().toBuffer();
    const first = nameOf(await set(image));
    const second = nameOf(await set(image));
    expect(first).toHaveLength(32);
    expect(second).toHaveLength(32);
    expect(second).not.toBe(first);
    expect(await service.get(PicturesService).find(first)).toBeNull();
    expect(await picturesOf(person)).toEqual([{ name: second }]);
  });

  it.each([null, '', '  ', 'https://cdn.example.com/me.png'])('is gone with %j', async (change) => {
    const name = nameOf(await set(await halves().png().toBuffer()));
    expect(await set(change)).toBe(change?.trim() || null);
    expect(await service.get(PicturesService).find(name)).toBeNull();
    expect(await picturesOf(person)).toEqual([]);
  });

  it('stays where the picture is not mentioned', async () => {
    const location = await set(await halves().png().toBuffer());
    const { user } = await service.get(ProfileService).update(person.user.id, { bio: 'x', firstName: 'Jo' });
    expect([user.picture, user.firstName]).toEqual([location, 'Jo']);
    expect(await picturesOf(person)).toHaveLength(1);
  });

  it('stays, with everything else, where one change is refused', async () => {
    const location = await set(await halves().png().toBuffer());
    const changes = { bio: 'another', firstName: 'Another', picture: `/pictures/${'0'.repeat(32)}.webp` };
    const before = (await service.get(HistoryService).page(person.user.id, 1, 0)).count;
    await expect(service.get(ProfileService).update(person.user.id, changes)).rejects.toThrow(Failure);
    const { user, profile } = await service.get(ProfileService).update(person.user.id, {});
    expect([user.picture, user.firstName, profile.bio]).toEqual([location, 'Jo', 'x']);
    expect((await service.get(HistoryService).page(person.user.id, 1, 0)).count).toBe(before + 1);
  });
});

it('a change is told in the history', async () => {
  const who = await somebody();
  await set(await halves().png().toBuffer(), who);
  const { events } = await service.get(HistoryService).page(who.user.id, 1, 0);
  expect(events.map(({ event }) => event)).toEqual(['profile_update']);
});

it('of many at once one is left, and it is the one that the account names', async () => {
  const who = await somebody();
  const image = await halves().png().toBuffer();
  const answers = await Promise.all(Array.from({ length: 8 }, () => set(image, who)));
  expect(new Set(answers).size).toBe(8);
  const location = await locationOf(who);
  expect(answers).toContain(location);
  expect(await picturesOf(who)).toEqual([{ name: nameOf(location) }]);
});

it('beyond a short queue it is too much for the moment, and everybody else is served', async () => {
  const people = await Promise.all(Array.from({ length: 24 }, somebody));
  const image = vast(3_000, 3_000);
  const outcomes = await Promise.allSettled(people.map((who) => set(image, who)));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Failure] : []));
  expect(refused.length).toBeGreaterThan(0);
  for (const failure of refused) expect(failure).toMatchObject({ code: 'overloaded', details: { retryAfter: 2 } });
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(16);
  expect(await set(image, people[0])).toMatch(/^\/pictures\//);
}, 60_000);

it('an account takes its picture along', async () => {
  const who = await somebody();
  const name = nameOf(await set(await halves().png().toBuffer(), who));
  await service.get(AccountService).close(who, PASSWORD);
  expect(await service.get(PicturesService).find(name)).toBeNull();
  await expect(set(await halves().png().toBuffer(), who)).rejects.toMatchObject({ code: 'account_gone' });
  expect(await picturesOf(who)).toEqual([]);
});
