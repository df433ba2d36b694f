import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import type { Surface } from '../kit/surface.js';
import { failures } from './failures.js';
import { PagesController } from './pages.controller.js';

@Module({ imports: [AuthModule], controllers: [PagesController] })
class PagesModule {}

export const pages: Surface = {
  name: 'pages',
  module: PagesModule,
  unmatched: { prefix: '/account/', words: failures },
};
