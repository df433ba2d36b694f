import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between the service and its database, to fail as networks do. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;
  private frozen = false;

  constructor(private readonly target: URL) {}

  /** The target's URL, by way of this proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  async open(): Promise<this> {
    const server = createServer((incoming) => {
      const outgoing = connect(Number(this.target.port || 5432), this.target.hostname);
      for (const [one, other] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        this.sockets.add(one);
        one.on('data', (chunk) => this.frozen || other.write(chunk));
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** Cuts every connection and takes no new one. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  /** Swallows every byte from now on, or lets them pass again. */
  freeze(frozen: boolean): void {
    this.frozen = frozen;
    if (!frozen) for (const socket of this.sockets) socket.destroy();
  }
}
