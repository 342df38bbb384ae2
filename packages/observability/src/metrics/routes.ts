import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
  preHandlerHookHandler,
} from 'fastify';
import { getRoute } from '../http/get-route.ts';
import { namedPlugin } from '../http/named-plugin.ts';
import type { MetricsReader } from './reader.ts';
import { MetricsUnknown, type MetricsReading } from './reading.ts';

export interface MetricsRoutesOptions {
  reader: Pick<MetricsReader, 'read'>;
  /** Runs before the route; it lets a request pass or answers it. Metrics should not be public. */
  guard: preHandlerHookHandler | preHandlerAsyncHookHandler;
  /** The metrics to show; all by default. */
  names?: readonly string[];
  /** Further metrics for `labels` of `?verbose`. */
  labelled?: readonly string[];
  /** Unix ms for `timestamp`; `Date.now` by default. */
  now?: () => number;
}

/** The body of `GET /metrics.json`. */
export interface MetricsBody {
  /** Of the process that answers. */
  uptime_seconds: number;
  counters: MetricsReading['counters'];
  gauges: MetricsReading['gauges'];
  /** Unix seconds. */
  timestamp: number;
}

async function plugin(
  app: FastifyInstance,
  { reader, guard, names, labelled = [], now = Date.now }: MetricsRoutesOptions,
): Promise<void> {
  const shown = <V>(
    metrics: Readonly<Record<string, V>>,
    wanted = new Set(names),
  ): Readonly<Record<string, V>> =>
    names ? Object.fromEntries(Object.entries(metrics).filter(([name]) => wanted.has(name))) : metrics;
  const withLabels = new Set([...(names ?? []), ...labelled]);
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const reading = await readOrReply503(reader, reply);
    if (!reading) return reply;
    const { counters, gauges, sources, complete, since, labels } = reading;
    const body: MetricsBody = {
      uptime_seconds: process.uptime(),
      counters: shown(counters),
      gauges: shown(gauges),
      timestamp: now() / 1000,
    };
    const verbose = (request.query as Record<string, unknown>)['verbose'] !== undefined;
    return reply.send(
      verbose ? { ...body, sources, complete, since, labels: shown(labels, withLabels) } : body,
    );
  };
  getRoute(app, { path: '/metrics.json', preHandler: guard, handler });
}

/** Answers 503 and returns `undefined` when the totals are not known. */
export async function readOrReply503(
  reader: MetricsRoutesOptions['reader'],
  reply: FastifyReply,
): Promise<MetricsReading | undefined> {
  try {
    return await reader.read();
  } catch (error) {
    if (!(error instanceof MetricsUnknown)) throw error;
    void reply
      .code(503)
      .type('application/problem+json')
      .send({ ...problemOf(error), request_id: reply.request.id });
    return undefined;
  }
}

function problemOf({ code, message }: MetricsUnknown): Record<string, string | number> {
  return { type: 'about:blank', title: 'Service Unavailable', status: 503, detail: message, code };
}

/**
 * A Fastify plugin: `GET /metrics.json` answers a `MetricsBody`. `?verbose` adds `sources`, `complete`, `since` and `labels` of the
 * `MetricsReading`. It answers 503 with `METRICS_UNKNOWN` when the totals are not known.
 */
export const metricsRoutes: typeof plugin = namedPlugin('@prosaas/observability/metrics', plugin);
