import { complain } from '../kit/drf/complain.js';
import { Text, tooLong } from '../kit/drf/fields.js';
import { UploadedFile } from '../kit/forms.js';

const URL_MAX_LENGTH = 2048;
const NOT_A_URL = 'Enter a valid URL.';
const NOT_AN_IMAGE = 'Upload a valid image. The file you uploaded was either not an image or a corrupted image.';

/** The field `profile_img`: the address of a picture, or the picture itself as a data URL or as a file of a form. */
export function ProfileImage(): PropertyDecorator {
  return Text({
    example: 'https://cdn.example.com/me.png',
    description: 'An http(s) URL; empty for no picture.',
    required: false,
    blank: true,
    besides: (value) => value instanceof UploadedFile,
    rule: { name: 'image', test: (text) => problemOf(text) === null, message: (text) => problemOf(text) ?? '' },
  });
}

/**
 * What is stored for a `profile_img` that keeps the rules of its field: `undefined` leaves the picture as it is, `null`
 * takes it away. An address is stored and never fetched. A picture itself is handed over here; throws `invalid_input`
 * for one that cannot be kept.
 */
export function pictureOf(sent: string | UploadedFile | undefined): string | null | undefined {
  if (sent === undefined) return undefined;
  if (sent === '') return null;
  if (sent instanceof UploadedFile || isDataUrl(sent)) throw complain('profile_img', 'image', NOT_AN_IMAGE);
  return sent;
}

function problemOf(text: string): string | null {
  if (isDataUrl(text)) return null;
  if (text.length > URL_MAX_LENGTH) return tooLong(URL_MAX_LENGTH);
  return /^https?:\/\/[^\s\p{C}]+$/iu.test(text) && URL.canParse(text) ? null : NOT_A_URL;
}

function isDataUrl(text: string): boolean {
  return /^data:image\//i.test(text);
}
