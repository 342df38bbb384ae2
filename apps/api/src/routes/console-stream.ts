import type { App, Principal } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Update } from '../console/live-scope.ts';
import { type LiveViews, viewerOf } from '../console/live-views.ts';
import type { SignIns } from '../console/sign-ins.ts';
import type { ResourceContext } from './resource.ts';

const PING_MS = 5000;
/** Of this process; the listener takes 1000 connections. */
const MOST_STREAMS = 500;
/** What a page that reads too slowly leaves unread, in bytes; it connects anew and is sent the rest at once. */
const MOST_UNREAD = 1_048_576;

const Since = Type.Object(
  { since: Type.Optional(Type.String({ maxLength: 40, pattern: '^[\\w.-]+$' })) },
  { additionalProperties: false },
);
const State = Type.Object({
  id: Type.String(),
  at: Type.Number(),
  parts: Type.Record(Type.String(), Type.Unknown()),
});

/** The event streams of open pages. */
export class ConsoleStreams {
  readonly #open = new Set<() => void>();
  #ended = false;

  get takesMore(): boolean {
    return !this.#ended && this.#open.size < MOST_STREAMS;
  }

  add(end: () => void): void {
    this.#open.add(end);
  }

  delete(end: () => void): void {
    this.#open.delete(end);
  }

  /** Before the listener closes, which waits for them otherwise. */
  end(): void {
    this.#ended = true;
    for (const end of this.#open) end();
  }
}

/**
 * What open pages show of the system: server-sent events (`state`: what changed; `ping`; `signed-out`), and the same to be asked
 * for where a proxy lets no stream through.
 */
export function consoleStreamRoutes(
  app: App,
  {
    anyone,
    views,
    signIns,
    streams,
  }: ResourceContext & { views: LiveViews; signIns: SignIns; streams: ConsoleStreams },
): void {
  const schema = { querystring: Since };
  app.addHook('preClose', async () => streams.end());

  app.get(
    '/api/console/state',
    { onRequest: anyone, schema: { ...schema, response: { 200: State } } },
    async (request, reply) => {
      const { id, data } = await scopeOf(request).snapshot(request.query.since);
      reply.header('cache-control', 'no-store');
      return { id, ...(JSON.parse(data) as { at: number; parts: Record<string, unknown> }) };
    },
  );

  app.get('/api/console/stream', { onRequest: anyone, schema }, async (request, reply) => {
    if (request.headers.accept?.includes('text/event-stream') !== true) throw new NotAnEventSource();
    if (!streams.takesMore) throw new TooManyStreams();
    const scope = scopeOf(request);
    const last = request.headers['last-event-id'];
    const first = await scope.snapshot(typeof last === 'string' ? last : request.query.since);
    const write = openStream(reply);
    write(eventOf(first));
    const listening = scope.listen((update) => write(eventOf(update)));
    const { signIn } = request;
    const endOnceSignedOut = async (): Promise<void> => {
      // Where it cannot be known, she stays: routes ask again for whatever she does.
      const isSignedIn = signIn === undefined || (await signIns.find(signIn).catch(() => true));
      if (isSignedIn === undefined) end('event: signed-out\ndata:\n\n');
    };
    const pings = setInterval(() => {
      write(`event: ping\ndata: ${Date.now()}\n\n`);
      void endOnceSignedOut();
    }, PING_MS);
    const end = (word = ''): void => {
      reply.raw.end(word);
    };
    const leave = (): void => end();
    streams.add(leave);
    reply.raw.once('close', () => {
      clearInterval(pings);
      listening[Symbol.dispose]();
      streams.delete(leave);
    });
  });

  function scopeOf({ principal }: FastifyRequest): ReturnType<LiveViews['of']> {
    return views.of(viewerOf(principal as Principal));
  }
}

function openStream(reply: FastifyReply): (text: string) => void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // A listener that closes waits for connections that are kept.
    connection: 'close',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  raw.write('retry: 2000\n\n');
  return (text) => {
    if (raw.destroyed || raw.writableEnded) return;
    if (raw.writableLength > MOST_UNREAD) raw.destroy();
    else raw.write(text);
  };
}

const eventOf = ({ id, data }: Update): string => `id: ${id}\nevent: state\ndata: ${data}\n\n`;

/** Whoever does not expect it would wait for an end that never comes. */
class NotAnEventSource extends AppError {
  constructor() {
    super('This is an event stream: ask with Accept: text/event-stream, or read /api/console/state', {
      status: 406,
      code: 'NOT_ACCEPTABLE',
    });
  }
}

class TooManyStreams extends AppError {
  constructor() {
    super(`This replica takes no more open pages: it has ${MOST_STREAMS}, or shuts down.`, {
      status: 503,
      code: 'TOO_MANY_STREAMS',
      retryable: true,
    });
  }
}
