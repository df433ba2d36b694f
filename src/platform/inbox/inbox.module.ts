import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { InboxMail } from './inbox-mail.entity.js';
import { InboxController } from './inbox.controller.js';
import { Inbox } from './inbox.js';

/** Not part of the application in production. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([InboxMail])],
  controllers: [InboxController],
  providers: [Inbox],
  exports: [Inbox],
})
export class InboxModule {}
