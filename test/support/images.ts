import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { expect } from 'vitest';

type Color = [red: number, green: number, blue: number];

export const RED: Color = [220, 20, 20];
export const BLUE: Color = [20, 20, 220];

/** An image whose left half is red and whose right half is blue. */
export function halves(width = 64, height = 32): Sharp {
  const [r, g, b] = RED;
  const [red, green, blue] = BLUE;
  const right = {
    create: { width: Math.ceil(width / 2), height, channels: 3 as const, background: { r: red, g: green, b: blue } },
  };
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).composite([
    { input: right, left: Math.floor(width / 2), top: 0 },
  ]);
}

/** An animation of one red and one blue frame. */
export async function animation(): Promise<Buffer> {
  const frame = ([r, g, b]: Color): Promise<Buffer> =>
    sharp({ create: { width: 20, height: 10, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer();
  return sharp([await frame(RED), await frame(BLUE)], { join: { animated: true } })
    .gif({ delay: [100, 100] })
    .toBuffer();
}

/** A black PNG of one bit a pixel: huge, and next to nothing to send. */
export function vast(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const lines = deflateSync(Buffer.alloc(height * (Math.ceil(width / 8) + 1)), { level: 1 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', lines), chunk('IEND', Buffer.alloc(0))]);
}

/** The color of a pixel, as red, green, blue and alpha. */
export async function colorAt(image: Buffer, x: number, y: number): Promise<number[]> {
  const pixel = sharp(image).ensureAlpha().extract({ left: x, top: y, width: 1, height: 1 });
  return [...(await pixel.raw().toBuffer())];
}

export function expectColor(actual: number[], expected: readonly number[]): void {
  for (const [index, value] of expected.entries()) expect(Math.abs((actual[index] ?? -1) - value)).toBeLessThan(30);
}

/** The chunks of a WebP file, which say all that is in it. */
export function chunksOf(webp: Buffer): string[] {
  expect(webp.toString('latin1', 0, 4) + webp.toString('latin1', 8, 12)).toBe('RIFFWEBP');
  expect(webp.readUInt32LE(4) + 8).toBe(webp.length);
  const chunks: string[] = [];
  for (let at = 12; at < webp.length; at += 8 + webp.readUInt32LE(at + 4) + (webp.readUInt32LE(at + 4) % 2)) {
    chunks.push(webp.toString('latin1', at, at + 4));
  }
  return chunks;
}
