import { Readable, pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { getRoute } from '../http/get-route.ts';
import { namedPlugin } from '../http/named-plugin.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { SeriesTable } from '../metrics/series-aggregator.ts';
import type { MetricsReading } from '../metrics/reading.ts';
import { type MetricsRoutesOptions, readOrReply503 } from '../metrics/routes.ts';
import { formatColumn } from '../metrics/column.ts';
import { acceptsGzip } from './accepts-gzip.ts';
import { seriesByInstance } from './by-instance.ts';
import { contentTypes, negotiateFormat } from './format.ts';
import { TextRenderer, type TextRendererOptions } from './renderer.ts';

export interface TextMetricsRouteOptions extends Pick<MetricsRoutesOptions, 'reader' | 'guard'> {
  catalogue: Catalogue;
  /** Prefix of all names that are not `standard`, such as `prosaas_`. (Fastify's own option `prefix` is that of the path.) */
  namePrefix?: string;
}

/** Metrics about the reading itself. */
const READING_METRICS = {
  metrics_complete: {
    type: 'gauge',
    help: '1 if these totals are complete: every process published within the last 3 s',
  },
  metrics_sources: {
    type: 'gauge',
    help: 'Processes that publish values, including those that ended and are not in the retired totals yet',
  },
  metrics_since_timestamp_seconds: {
    type: 'gauge',
    help: 'When the counters began at zero. It changes if Redis loses its data',
    unit: 'seconds',
  },
} as const satisfies Catalogue;

const READING_COLUMNS = Object.keys(READING_METRICS).map((name) =>
  formatColumn({ kind: 'g', name, labels: {}, aggregate: 'last' }),
);

async function plugin(
  app: FastifyInstance,
  { reader, guard, catalogue, namePrefix: prefix = '' }: TextMetricsRouteOptions,
): Promise<void> {
  const all: Catalogue = { ...catalogue, ...READING_METRICS };
  const onRequest = new Set(Object.values(all).flatMap((definition) => definition.onRequest ?? []));
  const known = [INSTANCE, ...onRequest].toSorted();
  const pages = new Map<string, Page>();
  getRoute(app, {
    path: '/metrics',
    preHandler: guard,
    handler: async (request, reply) => {
      const per = requestedLabels((request.query as Record<string, unknown>)['per']);
      const unknown = per.find((label) => !known.includes(label));
      if (unknown !== undefined) return refuseLabel(reply, known);
      const reading = await readOrReply503(reader, reply);
      if (!reading) return reply;
      const format = negotiateFormat(request.headers.accept);
      const key = [format, ...per].join();
      const page = pages.get(key) ?? openPage({ catalogue: all, prefix, format, per: new Set(per) });
      pages.set(key, page);
      const text = Readable.from(await page(reading));
      reply.header('Vary', 'Accept, Accept-Encoding').type(contentTypes[format]);
      if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(text);
      // Ends both streams when the client disconnects.
      const compressed = pipeline(text, createGzip(), () => {});
      return reply.header('Content-Encoding', 'gzip').send(compressed);
    },
  });
}

const INSTANCE = 'instance';

/** `?per=a,b` or `?per=a&per=b`: each label once and sorted, so that the same labels share a page. */
function requestedLabels(per: unknown): string[] {
  const texts = [per].flat().filter((value) => typeof value === 'string');
  return [...new Set(texts.flatMap((text) => text.split(',')))].toSorted();
}

function refuseLabel(reply: FastifyReply, known: readonly string[]): FastifyReply {
  return reply
    .code(400)
    .type('application/problem+json')
    .send({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: `per takes ${known.join(', ')}; several with a comma between them`,
      code: 'UNKNOWN_LABEL',
      request_id: reply.request.id,
    });
}

type Page = (reading: MetricsReading) => Promise<AsyncGenerator<string, void>>;

/** Renders one combination of format and labels, with its own caches. */
function openPage(options: TextRendererOptions & { per: ReadonlySet<string> }): Page {
  const renderer = new TextRenderer(options);
  const withReadingMetrics = addReadingMetrics();
  const seriesOf = options.per.has(INSTANCE)
    ? seriesByInstance()
    : async ({ series }: MetricsReading) => series;
  return async (reading) => renderer.pieces(withReadingMetrics(reading, await seriesOf(reading)));
}

/** Adds the metrics about the reading. The columns are the same array for as long as those of the reading are. */
function addReadingMetrics(): (reading: MetricsReading, series: SeriesTable) => SeriesTable {
  let before: readonly string[] | undefined;
  let columns: readonly string[] = READING_COLUMNS;
  return ({ complete, sources, since }, series) => {
    if (series.columns !== before) columns = [...series.columns, ...READING_COLUMNS];
    before = series.columns;
    const values = new Float64Array(columns.length);
    values.set(series.values);
    values.set([complete ? 1 : 0, sources.length, since], series.values.length);
    return { columns, values };
  };
}

/**
 * A Fastify plugin: `GET /metrics` answers the metrics of the whole system as OpenMetrics 1.0 or Prometheus text 0.0.4, by the Accept
 * header, and compressed with gzip when the client accepts it. `?per=instance` shows each living process by itself, `?per=<label>` an
 * `onRequest` label; an unknown label is answered with 400. It answers 503 with `METRICS_UNKNOWN` when the totals are not known.
 */
export const textMetricsRoute: typeof plugin = namedPlugin('@prosaas/observability/text-metrics', plugin);
