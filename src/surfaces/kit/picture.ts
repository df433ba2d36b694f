import { Failure } from '../../failure.js';
import { UploadedFile } from './forms.js';

/** Bytes of a body with a picture in it: 5 MiB as base64, and the other fields. */
export const PICTURE_BODY_LIMIT = 8 * 1024 * 1024;

const DATA_URL = /^data:image\/(?:png|jpe?g|webp|gif)(?:;[^;,]*)*?;base64,/i;

/** As much of a data URL as there can be before its data. */
const DATA_URL_HEAD = 128;

/**
 * What came in the field of a picture, as the core takes it: the bytes of a file or of a base64 data URL, a text that is
 * a URL or blank, or `null`. Throws `picture_not_a_url`, `picture_invalid`.
 */
export function pictureOf(value: unknown): Buffer | string | null {
  if (value === null) return null;
  if (value instanceof UploadedFile) return value.bytes;
  if (typeof value !== 'string') throw new Failure('picture_not_a_url');
  const text = value.trim();
  if (!/^data:image\//i.test(text)) return text;
  const [head] = DATA_URL.exec(text.slice(0, DATA_URL_HEAD)) ?? [];
  if (head === undefined) throw new Failure('picture_invalid');
  return Buffer.from(text.slice(head.length), 'base64');
}
