import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A web site that is not ours: it serves the pages that a test gives it. */
export class Site {
  private readonly pages: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  /** `host`: the name that browsers know it by; it listens on the loopback address. */
  static async open(host = '127.0.0.1'): Promise<Site> {
    const server = createServer((request, response) => {
      const html = site.pages[Number(request.url?.slice(1))];
      response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(html);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const site = new Site(server, `http://${host}:${(server.address() as AddressInfo).port}`);
    return site;
  }

  /** The address of a new page with this in its body. */
  page(html = ''): string {
    this.pages.push(`<!doctype html><title>A page</title><body>${html}</body>`);
    return `${this.origin}/${this.pages.length - 1}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
