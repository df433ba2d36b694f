import { Injectable, Logger } from '@nestjs/common';
import { Client } from 'pg';
import type { DatabaseTarget } from './data-source.js';

const RECONNECT_AFTER_MS = 2_000;

/** Ends a subscription. */
export type Unlisten = () => Promise<void>;

/**
 * `LISTEN` on a connection of its own. A hint, not a promise: notifications of the time between a lost connection and
 * the next are lost, and behind a transaction pooler none come, so a listener also polls.
 */
@Injectable()
export class Notifications {
  private readonly logger = new Logger(Notifications.name);

  constructor(private readonly target: DatabaseTarget) {}

  /** `channel` is a plain SQL name. Never throws; goes on trying to connect until it is ended. */
  listen(channel: string, heard: () => void): Unlisten {
    return 'embedded' in this.target
      ? this.listenEmbedded(this.target.embedded, channel, heard)
      : this.listenRemote(this.target.url, channel, heard);
  }

  private listenEmbedded(
    server: { listen(channel: string, callback: () => void): Promise<() => Promise<void>> },
    channel: string,
    heard: () => void,
  ): Unlisten {
    const listening = server.listen(channel, heard).catch((error: unknown) => {
      this.logger.warn(`cannot listen on ${channel}: ${String(error)}`);
      return () => Promise.resolve();
    });
    return async () => (await listening)();
  }

  private listenRemote(url: string, channel: string, heard: () => void): Unlisten {
    let client: Client | undefined;
    let retry: NodeJS.Timeout | undefined;
    let ended = false;

    const connect = async (): Promise<void> => {
      const fresh = new Client({
        connectionString: url,
        application_name: 'ostiary-listener',
        connectionTimeoutMillis: 3_000,
        keepAlive: true,
      });
      client = fresh;
      let lost = false;
      const reconnect = (): void => {
        if (lost || ended) return;
        lost = true;
        fresh.end().catch(() => undefined);
        retry = setTimeout(() => void connect(), RECONNECT_AFTER_MS);
      };
      fresh.on('error', reconnect).on('end', reconnect).on('notification', heard);
      try {
        await fresh.connect();
        await fresh.query(`LISTEN ${channel}`);
        heard();
      } catch {
        reconnect();
      }
    };

    void connect();
    return async () => {
      ended = true;
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    };
  }
}
