import { type App, type Principal } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ConsoleStream, type ConsoleStreams } from '../console/console-streams.ts';
import type { LiveScope } from '../console/live-scope.ts';
import { type LiveViews, isSameViewer, viewerOf } from '../console/live-views.ts';
import type { ResourceContext } from './resource.ts';

const PING_MS = 5000;

const Since = Type.Object(
  { since: Type.Optional(Type.String({ maxLength: 40, pattern: '^[\\w.-]+$' })) },
  { additionalProperties: false },
);
const State = Type.Object({
  id: Type.String(),
  at: Type.Number(),
  parts: Type.Record(Type.String(), Type.Unknown()),
});

/**
 * What open pages show of the system: server-sent events (`state`: what changed; `ping`; `signed-out`), and the same to be asked
 * for where a proxy lets no stream through.
 */
export function consoleStreamRoutes(
  app: App,
  { anyone, views, streams }: ResourceContext & { views: LiveViews; streams: ConsoleStreams },
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
    const viewer = viewerOf(request.principal as Principal);
    const scope = scopeOf(request);
    const last = request.headers['last-event-id'];
    streams.requireRoom();
    reply.hijack();
    const stream = new ConsoleStream(reply.raw);
    streams.add(stream);
    const first = await scope.snapshot(typeof last === 'string' ? last : request.query.since);
    stream.state(first);
    const listening = scope.listen((update) => stream.state(update));
    const pings = setInterval(() => {
      stream.send('ping', String(Date.now()));
      void endOnceOther();
    }, PING_MS);
    stream.onEnd(() => {
      clearInterval(pings);
      listening[Symbol.dispose]();
    });

    /** Who was signed out, or may see something else by now. */
    const endOnceOther = async (): Promise<void> => {
      try {
        await anyone(request, reply);
        if (!isSameViewer(viewer, viewerOf(request.principal as Principal))) stream.end();
      } catch (error) {
        // Where it cannot be known she stays: routes ask again for whatever she does.
        if (error instanceof AppError && error.status < 500) stream.end('signed-out');
      }
    };
  });

  function scopeOf({ principal }: FastifyRequest): LiveScope {
    return views.of(viewerOf(principal as Principal));
  }
}

/** Whoever does not expect it would wait for an end that never comes. */
class NotAnEventSource extends AppError {
  constructor() {
    super('This is an event stream: ask with Accept: text/event-stream, or read /api/console/state', {
      status: 406,
      code: 'NOT_ACCEPTABLE',
    });
  }
}
