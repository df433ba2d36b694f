import { Text, tooLong } from '../kit/drf/fields.js';
import { UploadedFile } from '../kit/forms.js';

const URL_MAX_LENGTH = 2048;
const NOT_A_URL = 'Enter a valid URL.';

/** The field `profile_img`: the address of a picture, or the picture itself as a data URL or as a file of a form. */
export function ProfileImage(): PropertyDecorator {
  return Text({
    example: 'https://cdn.example.com/me.png',
    description:
      'An http(s) URL, or a PNG, JPEG, WebP or GIF of at most 5 MB as a data URL or as a file; empty for no picture.',
    required: false,
    blank: true,
    besides: (value) => value instanceof UploadedFile,
    rule: { name: 'image', test: (text) => problemOf(text) === null, message: (text) => problemOf(text) ?? '' },
  });
}

function problemOf(text: string): string | null {
  if (isDataUrl(text)) return null;
  if (text.length > URL_MAX_LENGTH) return tooLong(URL_MAX_LENGTH);
  return /^https?:\/\/[^\s\p{C}]+$/iu.test(text) && URL.canParse(text) ? null : NOT_A_URL;
}

function isDataUrl(text: string): boolean {
  return /^data:image\//i.test(text);
}
