import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LimitStore } from './limit-store.js';
import { LimitsService } from './limits.service.js';
import { RateLimit } from './rate-limit.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([RateLimit])],
  providers: [LimitStore, LimitsService],
  exports: [LimitsService],
})
export class LimitsModule {}
