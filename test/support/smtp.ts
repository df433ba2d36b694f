import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';

export interface ReceivedMail {
  /** Addresses of the envelope. */
  from: string;
  to: string[];
  messageId: string;
  subject: string;
  text: string;
  html: string;
  headers: Map<string, string>;
}

type Refusal = { at: 'recipient' | 'data'; code: number };

/** A mail server on a real socket that keeps what it is sent. */
export class SmtpSink {
  readonly mails: ReceivedMail[] = [];
  private server: SMTPServer | undefined;
  private port = 0;
  private refusal: Refusal | undefined;
  private waiting: (() => void)[] = [];
  private hold: Promise<void> | undefined;

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Listens; on the port it had, if it was stopped before. */
  async start(): Promise<this> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      // A server that is stopped cuts off whoever is still connected.
      closeTimeout: 10,
      onRcptTo: (_address, _session, callback) => callback(this.refusalAt('recipient')),
      onData: (stream, session, callback) => {
        this.keep(stream, session).then(
          () => callback(),
          (error: unknown) => callback(error as Error),
        );
      },
    });
    server.on('error', () => undefined);
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(resolve));
  }

  /** Every mail is refused from now on, or none with `undefined`. */
  refuse(refusal: Refusal | undefined): void {
    this.refusal = refusal;
  }

  /** Answers to messages wait for `gate`. */
  holdUntil(gate: Promise<void>): void {
    this.hold = gate;
  }

  to(address: string): ReceivedMail[] {
    return this.mails.filter((mail) => mail.to.includes(address));
  }

  /** The `count`th mail to this address, as soon as it is there. */
  async next(address: string, count = 1): Promise<ReceivedMail> {
    await this.until(() => this.to(address).length >= count, `mail ${count} to ${address}`);
    return this.to(address)[count - 1]!;
  }

  async until(condition: () => boolean, what: string, withinMs = 15_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no ${what} within ${withinMs} ms; there are ${this.mails.length} mails`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private async keep(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    await this.hold;
    const refused = this.refusalAt('data');
    if (refused !== null) throw refused;
    const mail: Email = await PostalMime.parse(Buffer.concat(chunks));
    this.mails.push({
      from: (session.envelope.mailFrom || { address: '' }).address,
      to: session.envelope.rcptTo.map(({ address }) => address),
      messageId: mail.messageId ?? '',
      subject: mail.subject ?? '',
      text: mail.text ?? '',
      html: mail.html ?? '',
      headers: new Map(mail.headers.map(({ key, value }) => [key, value])),
    });
    for (const wake of this.waiting.splice(0)) wake();
  }

  private refusalAt(at: Refusal['at']): Error | null {
    if (this.refusal?.at !== at) return null;
    return Object.assign(new Error('refused by the test'), { responseCode: this.refusal.code });
  }
}

/** The one-time secret of the link in a mail. */
export function tokenIn(mail: ReceivedMail): string {
  const [, token] = /[?&]token=([0-9a-f]+)/.exec(mail.text) ?? [];
  if (token === undefined) throw new Error(`no token in: ${mail.text}`);
  return token;
}

/** The one-time code of a mail. */
export function codeIn(mail: ReceivedMail): string {
  const [, code] = /\b(\d{6})$/m.exec(mail.text) ?? [];
  if (code === undefined) throw new Error(`no code in: ${mail.text}`);
  return code;
}
