import { Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../failure.js';
import { PICTURES_PATH, PicturesService } from '../../profile/pictures.service.js';
import { PageRoute } from '../kit/page.js';
import { SurfaceController } from '../kit/surface.js';
import { failures } from './failures.js';
import { PictureParams } from './requests.js';

/** It is an image and nothing else, for pages of any origin; a name never gets another picture. */
const HEADERS = {
  'content-type': 'image/webp',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'cache-control': 'public, max-age=31536000, immutable',
} as const;

/** Pictures of people, for whoever knows where they are. */
@ApiExcludeController()
@SurfaceController({ path: PICTURES_PATH, words: failures, tag: 'Pictures' })
export class PicturesController {
  constructor(private readonly pictures: PicturesService) {}

  @Get(':file')
  @PageRoute()
  async show(
    @Param() { file }: PictureParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [, name = ''] = /^([0-9a-f]+)\.webp$/.exec(String(file)) ?? [];
    const image = name === '' ? null : await this.pictures.find(name);
    if (image === null) throw new Failure('not_found');
    const tag = `"${name}"`;
    void reply.headers({ ...HEADERS, etag: tag });
    if (matches(request.headers['if-none-match'], tag)) void reply.status(304).send();
    else void reply.send(image);
  }
}

/** Whether the caller has it already (RFC 9110 §13.1.2). */
function matches(condition: string | undefined, tag: string): boolean {
  const tags = condition?.split(',').map((known) => known.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(tag) || tags.includes('*');
}
