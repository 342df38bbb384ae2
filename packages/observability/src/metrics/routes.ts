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
  /** Lets callers in, or answers them: totals are not for everyone. */
  guard: preHandlerHookHandler | preHandlerAsyncHookHandler;
  /** The metrics that `/metrics.json` has; all of them unless given. */
  names?: readonly string[];
  /** Metrics whose values by label `?verbose` has besides. */
  labelled?: readonly string[];
  now?: () => number;
}

export interface MetricsBody {
  uptime_seconds: number;
  counters: MetricsReading['counters'];
  gauges: MetricsReading['gauges'];
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
    const reading = await readOrAnswer(reader, reply);
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

/** `undefined` when nobody knows the totals, and the caller was told so. */
export async function readOrAnswer(
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
      .send({ ...unknownProblem(error), request_id: reply.request.id });
    return undefined;
  }
}

function unknownProblem({ code, message }: MetricsUnknown): Record<string, string | number> {
  return { type: 'about:blank', title: 'Service Unavailable', status: 503, detail: message, code };
}

/** `GET /metrics.json`: the four keys of the totals; `?verbose` adds where they come from and whether all is there. */
export const metricsRoutes: typeof plugin = namedPlugin('@prosaas/observability/metrics', plugin);
