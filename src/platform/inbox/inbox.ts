import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, type Repository } from 'typeorm';
import { MasterKey } from '../crypto/master-key.js';
import { InboxMail } from './inbox-mail.entity.js';

/** What is kept of a mail that was sent. */
export interface KeptMessage {
  messageId: string;
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface ReceivedMail extends KeptMessage {
  id: number;
  date: Date;
  /** Every link of the text part, in order. */
  links: string[];
}

/** Mails that are kept; the oldest go first. */
const CAPACITY = 5_000;

const SEAL = 'inbox';

/** Every mail that this service sent in development, sealed like everything that holds a secret. */
@Injectable()
export class Inbox {
  constructor(
    @InjectRepository(InboxMail) private readonly mails: Repository<InboxMail>,
    private readonly masterKey: MasterKey,
  ) {}

  /** Keeps a message once, however often it is sent. */
  async keep(message: KeptMessage): Promise<void> {
    const { messageId, from, to, subject, text, html } = message;
    const plain = JSON.stringify({ messageId, from, to, subject, text, html });
    const inserted = await this.mails
      .createQueryBuilder()
      .insert()
      .values({
        messageId,
        recipient: to.toLowerCase(),
        sealedMessage: this.masterKey.seal(SEAL, plain, messageId),
        createdAt: new Date(),
      })
      .orIgnore()
      .returning('id')
      .execute();
    const id = (inserted.raw as { id: number }[])[0]?.id ?? 0;
    if (id % 100 === 0 && id > CAPACITY) await this.mails.delete({ id: LessThan(id - CAPACITY) });
  }

  /** Newest first. */
  async list(recipient: string | undefined, limit: number): Promise<ReceivedMail[]> {
    if (recipient?.includes('\0')) return [];
    const mails = await this.mails.find({
      ...(recipient === undefined ? {} : { where: { recipient: recipient.trim().toLowerCase() } }),
      order: { id: 'DESC' },
      take: limit,
    });
    return mails.map((mail) => this.unseal(mail));
  }

  async find(id: number): Promise<ReceivedMail | null> {
    const mail = await this.mails.findOneBy({ id });
    return mail === null ? null : this.unseal(mail);
  }

  /** Seals again, under the present key, what was sealed under the previous one; answers how many mails were. */
  async reseal(): Promise<number> {
    let count = 0;
    for (const { id, messageId, sealedMessage } of await this.mails.find()) {
      if (this.masterKey.isCurrent(SEAL, sealedMessage, messageId)) continue;
      const plain = this.masterKey.open(SEAL, sealedMessage, messageId);
      await this.mails.update({ id }, { sealedMessage: this.masterKey.seal(SEAL, plain, messageId) });
      count += 1;
    }
    return count;
  }

  private unseal(mail: InboxMail): ReceivedMail {
    const message = JSON.parse(this.masterKey.open(SEAL, mail.sealedMessage, mail.messageId)) as KeptMessage;
    return { id: mail.id, date: mail.createdAt, ...message, links: message.text.match(/https?:\/\/[^\s<>"]+/g) ?? [] };
  }
}
