import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountEvent } from './account-event.entity.js';
import { HistoryService } from './history.service.js';
import { ReservedUsername } from './reserved-username.entity.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User, AccountEvent, ReservedUsername])],
  providers: [UsersService, HistoryService],
  exports: [UsersService, HistoryService],
})
export class UsersModule {}
