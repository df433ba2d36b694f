import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsersModule } from '../users/users.module.js';
import { Picture } from './picture.entity.js';
import { PicturesService } from './pictures.service.js';
import { Profile } from './profile.entity.js';
import { ProfileService } from './profile.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Profile, Picture]), UsersModule],
  providers: [ProfileService, PicturesService],
  exports: [ProfileService, PicturesService],
})
export class ProfileModule {}
