import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { getRoute } from '../http/get-route.ts';
import { namedPlugin } from '../http/named-plugin.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { SeriesTable } from '../metrics/columns.ts';
import type { Reading } from '../metrics/reading.ts';
import { type MetricsRoutesOptions, readOrAnswer } from '../metrics/routes.ts';
import { slotKey } from '../metrics/slot.ts';
import { type TextFormat, contentTypes, negotiateFormat } from './format.ts';
import { TextRenderer } from './renderer.ts';

export interface TextMetricsRouteOptions extends Pick<MetricsRoutesOptions, 'reader' | 'guard'> {
  catalogue: Catalogue;
  /** Put before each name, such as `prosaas_`. (Fastify's own `prefix` is the path's.) */
  namePrefix?: string;
}

/** What a reading says of itself. */
const ofReading = {
  metrics_complete: {
    type: 'gauge',
    help: '1 when nothing is missing from these totals: every process published within 3 s',
  },
  metrics_sources: { type: 'gauge', help: 'Processes whose values are in these totals and not folded yet' },
  metrics_since_timestamp_seconds: {
    type: 'gauge',
    help: 'When the counters began at zero; it changes when Redis lost its data',
    unit: 'seconds',
  },
} as const satisfies Catalogue;

const ownSlots = Object.keys(ofReading).map((name) =>
  slotKey({ kind: 'g', name, labels: {}, aggregate: 'last' }),
);

async function plugin(
  app: FastifyInstance,
  { reader, guard, catalogue, namePrefix: prefix = '' }: TextMetricsRouteOptions,
): Promise<void> {
  const all = { ...catalogue, ...ofReading };
  const renderers: Record<TextFormat, TextRenderer> = {
    prometheus: new TextRenderer({ catalogue: all, prefix, format: 'prometheus' }),
    openmetrics: new TextRenderer({ catalogue: all, prefix, format: 'openmetrics' }),
  };
  const withOwn = ownSeries();
  getRoute(app, {
    path: '/metrics',
    preHandler: guard,
    handler: async (request, reply) => {
      const reading = await readOrAnswer(reader, reply);
      if (!reading) return reply;
      const format = negotiateFormat(request.headers.accept);
      const pieces = renderers[format].pieces(withOwn(reading));
      return reply.header('Vary', 'Accept').type(contentTypes[format]).send(Readable.from(pieces));
    },
  });
}

/** Adds what a reading says of itself; the slots stay the same array as long as the reading's do. */
function ownSeries(): (reading: Reading) => SeriesTable {
  let before: readonly string[] | undefined;
  let slots: readonly string[] = ownSlots;
  return ({ series, complete, sources, since }) => {
    if (series.slots !== before) slots = [...series.slots, ...ownSlots];
    before = series.slots;
    const values = new Float64Array(slots.length);
    values.set(series.values);
    values.set([complete ? 1 : 0, sources.length, since], series.values.length);
    return { slots, values };
  };
}

/**
 * `GET /metrics`: the whole system's metrics for a scraper, as OpenMetrics 1.0 for who asks for it and as Prometheus text
 * 0.0.4 for all others.
 */
export const textMetricsRoute: typeof plugin = namedPlugin('@prosaas/observability/text-metrics', plugin);
