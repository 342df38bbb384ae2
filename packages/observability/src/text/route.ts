import { Readable, pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { getRoute } from '../http/get-route.ts';
import { namedPlugin } from '../http/named-plugin.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { SeriesTable } from '../metrics/columns.ts';
import type { MetricsReading } from '../metrics/reading.ts';
import { type MetricsRoutesOptions, readOrAnswer } from '../metrics/routes.ts';
import { slotKey } from '../metrics/slot.ts';
import { acceptsGzip } from './accepts-gzip.ts';
import { seriesByInstance } from './by-instance.ts';
import { contentTypes, negotiateFormat } from './format.ts';
import { TextRenderer, type TextRendererOptions } from './renderer.ts';

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
  const all: Catalogue = { ...catalogue, ...ofReading };
  const onRequest = new Set(Object.values(all).flatMap((definition) => definition.onRequest ?? []));
  const known = [INSTANCE, ...onRequest].toSorted();
  const pages = new Map<string, Page>();
  getRoute(app, {
    path: '/metrics',
    preHandler: guard,
    handler: async (request, reply) => {
      const per = labelsAsked((request.query as Record<string, unknown>)['per']);
      const unknown = per.find((label) => !known.includes(label));
      if (unknown !== undefined) return refuseLabel(reply, known);
      const reading = await readOrAnswer(reader, reply);
      if (!reading) return reply;
      const format = negotiateFormat(request.headers.accept);
      const key = [format, ...per].join();
      const page = pages.get(key) ?? openPage({ catalogue: all, prefix, format, per: new Set(per) });
      pages.set(key, page);
      const text = Readable.from(await page(reading));
      reply.header('Vary', 'Accept, Accept-Encoding').type(contentTypes[format]);
      if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(text);
      // A client that leaves ends both streams.
      const packed = pipeline(text, createGzip(), () => {});
      return reply.header('Content-Encoding', 'gzip').send(packed);
    },
  });
}

const INSTANCE = 'instance';

/** `?per=a,b` and `?per=a&per=b`: each label once, in the order of their names, so that there are few pages. */
function labelsAsked(per: unknown): string[] {
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

/** One form of the text, with what stays the same from one scrape to the next. */
function openPage(options: TextRendererOptions & { per: ReadonlySet<string> }): Page {
  const renderer = new TextRenderer(options);
  const withOwn = ownSeries();
  const seriesOf = options.per.has(INSTANCE)
    ? seriesByInstance()
    : async ({ series }: MetricsReading) => series;
  return async (reading) => renderer.pieces(withOwn(reading, await seriesOf(reading)));
}

/** Adds what a reading says of itself; the slots stay the same array as long as the reading's do. */
function ownSeries(): (reading: MetricsReading, series: SeriesTable) => SeriesTable {
  let before: readonly string[] | undefined;
  let slots: readonly string[] = ownSlots;
  return ({ complete, sources, since }, series) => {
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
 * 0.0.4 for all others. `?per=instance` shows each living process by itself, `?per=<label>` a label that is shown on request.
 */
export const textMetricsRoute: typeof plugin = namedPlugin('@prosaas/observability/text-metrics', plugin);
