import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Failure } from '../failure.js';
import { Environment } from '../platform/config/environment.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import {
  ImageBudgetSpent,
  ImageConverter,
  MAX_PIXELS,
  OversizedImage,
  UnreadableImage,
} from '../platform/images/image-converter.js';
import type { User } from '../users/user.entity.js';

/** Where pictures are served, by their names. */
export const PICTURES_PATH = 'pictures';

/** An image, the http(s) URL of one elsewhere, or nothing: `null` and blank texts. */
export type PictureChange = Buffer | string | null;

/** A change that is sound in itself, ready for the transaction that makes it. */
export type PreparedPicture = { image: Buffer } | { url: string } | null;

const MAX_BYTES = 5 * 1024 * 1024;

/** Pixels; pictures of people are shown small. */
const MAX_SIDE = 512;

const URL_MAX_LENGTH = 2048;

const NAME_BYTES = 16;

const LOCATION = new RegExp(`^/${PICTURES_PATH}/[0-9a-f]{${NAME_BYTES * 2}}\\.webp$`);

/** One statement, so that there is never a moment with two or with none. */
const REPLACE: Statement = {
  name: 'picture-replace',
  text: `INSERT INTO pictures (name, user_id, image, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE
           SET name = EXCLUDED.name, image = EXCLUDED.image, created_at = EXCLUDED.created_at`,
};

const REMOVE: Statement = { name: 'picture-remove', text: `DELETE FROM pictures WHERE user_id = $1` };

const FIND: Statement = { name: 'picture-find', text: `SELECT image FROM pictures WHERE name = $1` };

/** Pictures of people: made small and harmless, kept in the database, seen by whoever knows their random names. */
@Injectable()
export class PicturesService {
  constructor(
    private readonly images: ImageConverter,
    private readonly statements: Statements,
    private readonly environment: Environment,
  ) {}

  /**
   * Slow with an image: never inside a transaction. A URL is never fetched. Throws `picture_not_a_url`,
   * `picture_invalid`, `picture_too_large`, `overloaded`.
   */
  async prepare(change: PictureChange): Promise<PreparedPicture> {
    if (Buffer.isBuffer(change)) return { image: await this.toWebp(change) };
    const url = change?.trim() ?? '';
    if (url === '') return null;
    if (!isWebUrl(url) && !LOCATION.test(url)) throw new Failure('picture_not_a_url');
    return { url };
  }

  /**
   * Replaces what there is and answers where the picture is now, for `users.picture`. The account has to be locked.
   * Whoever sends back the location of the present picture keeps it. Throws `picture_not_a_url`.
   */
  async settle(user: User, picture: PreparedPicture, tx: EntityManager): Promise<string | null> {
    if (picture !== null && 'image' in picture) {
      const name = randomBytes(NAME_BYTES).toString('hex');
      await this.statements.run(REPLACE, [name, user.id, picture.image, new Date()], tx);
      return `/${PICTURES_PATH}/${name}.webp`;
    }
    const url = picture?.url ?? null;
    if (url !== null && [user.picture, this.urlOf(user.picture)].includes(url)) return user.picture;
    if (url?.startsWith('/')) throw new Failure('picture_not_a_url');
    await this.statements.run(REMOVE, [user.id], tx);
    return url;
  }

  /** The WebP of that name; `null` for one that was replaced, removed, or never was. */
  async find(name: string): Promise<Buffer | null> {
    const [row] = await this.statements.run<{ image: Uint8Array }>(FIND, [name]);
    return row === undefined ? null : Buffer.from(row.image);
  }

  /** The whole URL of what `users.picture` holds, for front ends that do not know where we are. */
  urlOf(picture: string | null): string | null {
    return picture?.startsWith('/') ? this.environment.publicUrl + picture : picture;
  }

  private async toWebp(bytes: Buffer): Promise<Buffer> {
    if (bytes.length > MAX_BYTES) throw tooLarge();
    try {
      return await this.images.toWebp(bytes, MAX_SIDE);
    } catch (error) {
      if (error instanceof UnreadableImage) throw new Failure('picture_invalid');
      if (error instanceof OversizedImage) throw tooLarge();
      if (error instanceof ImageBudgetSpent) throw new Failure('overloaded', { retryAfter: error.retryAfter });
      throw error;
    }
  }
}

function tooLarge(): Failure<'picture_too_large'> {
  return new Failure('picture_too_large', { maxBytes: MAX_BYTES, maxPixels: MAX_PIXELS });
}

/** Written out, with nothing that a URL would have to escape: what is kept is what was sent. */
function isWebUrl(text: string): boolean {
  return text.length <= URL_MAX_LENGTH && /^https?:\/\/[^\s\p{C}"<>\\`]+$/iu.test(text) && URL.canParse(text);
}
