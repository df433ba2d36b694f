import { Module } from '@nestjs/common';
import { ProfileModule } from '../../profile/profile.module.js';
import type { Surface } from '../kit/surface.js';
import { PicturesController } from './pictures.controller.js';

@Module({ imports: [ProfileModule], controllers: [PicturesController] })
class PicturesSurfaceModule {}

export const pictures: Surface = { name: 'pictures', module: PicturesSurfaceModule };
