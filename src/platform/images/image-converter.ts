import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import sharp from 'sharp';

// Content decides which of these reads an image, and nothing else of libvips is ever offered one: no SVG, PDF, TIFF.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
  ],
});
sharp.cache(false);
// Each conversion is one thread; how many there are at once is decided here.
sharp.concurrency(1);

/** Ample for what telephones take. */
export const MAX_PIXELS = 50_000_000;

/** Conversions that may wait, each with the bytes that it was given. */
const QUEUE = 16;

/** Seconds after which a conversion is given up; the largest of the kinds that are slow to read take about 2. */
const TIMEOUT = 8;

const QUALITY = 82;

/** Not an image of a kind that is read, or a broken one. */
export class UnreadableImage extends Error {
  override name = 'UnreadableImage';
}

/** More than `MAX_PIXELS`; nothing was decoded. */
export class OversizedImage extends Error {
  override name = 'OversizedImage';
}

/** Thrown instead of queueing further; `retryAfter` is in seconds. */
export class ImageBudgetSpent extends Error {
  override name = 'ImageBudgetSpent';
  readonly retryAfter = 2;
}

/**
 * Makes harmless pictures of whatever people upload. The work is done on libuv's threads, where passwords are hashed, too:
 * half of the cores are left to those.
 */
@Injectable()
export class ImageConverter {
  private readonly budget = pLimit(Math.max(1, Math.floor(availableParallelism() / 2)));

  /**
   * A WebP of the first frame, upright, with no side longer than `side`, and without anything but its pixels.
   * Throws `UnreadableImage`, `OversizedImage`, `ImageBudgetSpent`.
   */
  toWebp(bytes: Buffer, side: number): Promise<Buffer> {
    if (this.budget.pendingCount >= QUEUE) return Promise.reject(new ImageBudgetSpent());
    return this.budget(() => convert(bytes, side));
  }
}

async function convert(bytes: Buffer, side: number): Promise<Buffer> {
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (width * height > MAX_PIXELS) throw new OversizedImage();
    return await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .timeout({ seconds: TIMEOUT })
      .autoOrient()
      .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: QUALITY })
      .toBuffer();
  } catch (cause) {
    if (cause instanceof OversizedImage) throw cause;
    throw new UnreadableImage('libvips cannot read it', { cause });
  }
}
