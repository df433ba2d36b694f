import { Loose } from '../kit/drf/fields.js';

export class PictureParams {
  @Loose({ example: '2f1c8a90d7e64b5392ab0c1d2e3f4a5b.webp' })
  file?: unknown;
}
