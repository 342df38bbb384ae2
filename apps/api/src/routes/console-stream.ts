import { type App, type Principal } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ConsoleStream, type ConsoleStreams } from '../console/console-streams.ts';
import type { LiveScope } from '../console/live-scope.ts';
import { type LiveViews, isSameViewer, viewerOf } from '../console/live-views.ts';
import type { ResourceContext } from './resource.ts';

const PING_INTERVAL_MS = 5000;

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
 * The state that open pages show, as server-sent events (`state`: changed parts; `ping`; `signed-out`), and as JSON for pages behind a
 * proxy that blocks streams.
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
    const lastEventId = request.headers['last-event-id'];
    streams.requireRoom();
    reply.hijack();
    const stream = new ConsoleStream(reply.raw);
    streams.add(stream);
    const first = await scope.snapshot(typeof lastEventId === 'string' ? lastEventId : request.query.since);
    stream.state(first);
    const listening = scope.listen((update) => stream.state(update));
    const pings = setInterval(() => {
      stream.send('ping', String(Date.now()));
      void endIfViewerChanged();
    }, PING_INTERVAL_MS);
    stream.onEnd(() => {
      clearInterval(pings);
      listening[Symbol.dispose]();
    });

    /** Ends the stream after a sign-out, or if the key now shows other parts. */
    const endIfViewerChanged = async (): Promise<void> => {
      try {
        await anyone(request, reply);
        if (!isSameViewer(viewer, viewerOf(request.principal as Principal))) stream.end();
      } catch (error) {
        // Stays open if the key cannot be checked now: each request is checked anyway.
        if (error instanceof AppError && error.status < 500) stream.end('signed-out');
      }
    };
  });

  function scopeOf({ principal }: FastifyRequest): LiveScope {
    return views.scopeFor(viewerOf(principal as Principal));
  }
}

/** A client that expects no stream would wait for the end of the response forever. */
class NotAnEventSource extends AppError {
  override code = 'NOT_ACCEPTABLE';
  override status = 406;

  constructor() {
    super('This is an event stream: ask with Accept: text/event-stream, or read /api/console/state');
  }
}
