import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailerModule } from '@nestjs-modules/mailer';
import { Environment } from '../platform/config/environment.js';
import { MailCooldown } from './mail-cooldown.entity.js';
import { MailDispatcher } from './mail.dispatcher.js';
import { MailService } from './mail.service.js';
import { OutgoingMail } from './outgoing-mail.entity.js';

/** Milliseconds; a mail server that is slower than this is tried again later. */
const SMTP_TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };

@Module({
  imports: [
    TypeOrmModule.forFeature([OutgoingMail, MailCooldown]),
    MailerModule.forRootAsync({
      imports: [],
      inject: [Environment],
      useFactory: ({ SMTP_URL }: Environment) => ({
        // Without a mail server, which only development allows, a mail goes nowhere but into the inbox.
        transport:
          SMTP_URL === undefined
            ? { jsonTransport: true }
            : { ...SMTP_TIMEOUTS, url: SMTP_URL, pool: true, maxRequeues: 0 },
      }),
    }),
  ],
  providers: [MailService, MailDispatcher],
  exports: [MailService, MailDispatcher],
})
export class MailModule {}
