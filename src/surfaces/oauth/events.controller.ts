import { Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../failure.js';
import { SecurityEventsService, type EventsPage } from '../../tokens/security-events.service.js';
import { TokenCodec } from '../../tokens/token-codec.js';
import { TokenIssuer } from '../../tokens/token-issuer.js';
import { complain } from '../kit/drf/complain.js';
import { SurfaceController } from '../kit/surface.js';
import { ClientOperation } from './client.guard.js';
import { failures } from './failures.js';
import { EventsQuery } from './requests.js';
import { EventsResponse } from './responses.js';
import { securityEventClaims } from './security-event-tokens.js';

/** Seconds that a poll waits at most, less than proxies and our own limit allow. */
const LONGEST_WAIT = 10;

/** Milliseconds between two signs of life on a stream. */
const HEARTBEAT_MS = 10_000;

/** What verifiers have to hear of before tokens expire. */
@SurfaceController({ path: 'oauth', words: failures, tag: 'Tokens', methodBeforeAccess: true })
export class EventsController {
  constructor(
    private readonly feed: SecurityEventsService,
    private readonly codec: TokenCodec,
    private readonly issuer: TokenIssuer,
  ) {}

  @Get('events')
  @ClientOperation('events', {
    summary: 'What made tokens worthless before they expire',
    description:
      'Security event tokens (RFC 8417), in order. Without `after`, the answer is the cursor of this moment. With it, ' +
      'what happened since; if nothing did, the answer waits for it for ten seconds. Whoever goes on from the last cursor ' +
      'misses nothing. `Accept: text/event-stream` makes it a stream of server-sent events, whose ids are cursors.',
    answer: { status: 200, type: EventsResponse, description: 'The events, and where the next ones begin' },
    failures: ['invalid_input', 'too_many_requests'],
  })
  async events(
    @Query() query: EventsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventsResponse | undefined> {
    const lastId = request.headers['last-event-id'];
    const after = typeof lastId === 'string' && lastId !== '' ? lastId : query.after;
    const begin = after === undefined || after === '' ? await this.feed.present() : after;
    if (request.method === 'HEAD') return undefined;
    if ((request.headers.accept ?? '').toLowerCase().includes('text/event-stream')) {
      const first = await this.feed.read(begin);
      if (first === null) throw unknownCursor();
      await this.stream(request, reply, first);
      return undefined;
    }
    if (begin !== after) return { sets: [], cursor: begin, more: false };
    const page = await this.feed.follow(after, LONGEST_WAIT * 1000, request.signal);
    if (page === null) throw unknownCursor();
    return { sets: this.setsOf(page), cursor: page.cursor, more: page.hasMore };
  }

  private async stream(request: FastifyRequest, reply: FastifyReply, first: EventsPage): Promise<void> {
    const gone = new AbortController();
    request.raw.socket.once('close', () => gone.abort());
    const headers = reply.getHeaders() as Record<string, string>;
    reply.hijack();
    const { raw } = reply;
    const own = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no', connection: 'close' };
    raw.writeHead(200, { ...headers, ...own });
    raw.write(`id: ${first.cursor}\n:\n\n`);
    try {
      let page: EventsPage | null = first;
      while (page !== null && !gone.signal.aborted) {
        for (const [index, set] of this.setsOf(page).entries()) {
          const event = page.events[index];
          if (event !== undefined) raw.write(`id: ${event.transaction}-${event.id}\ndata: ${set}\n\n`);
        }
        if (this.feed.isOver) break;
        page = await this.feed.follow(page.cursor, HEARTBEAT_MS, gone.signal);
        if (page?.events.length === 0) raw.write(':\n\n');
      }
    } catch (error) {
      // The client comes back with the last id that it saw.
      request.log.warn({ err: error }, 'a stream of events ended');
    }
    // Whoever reads no more would keep the connection, and with it a stop that waits for it.
    raw.end(() => request.raw.socket.destroy());
  }

  private setsOf({ events }: EventsPage): string[] {
    return events.map((event) => this.codec.signEvent(securityEventClaims(event, this.issuer.name)));
  }
}

function unknownCursor(): Failure<'invalid_input'> {
  return complain('after', 'cursor', 'Not a cursor of this feed: forget what you know, and begin without one.');
}
