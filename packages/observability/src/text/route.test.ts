import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { MetricsUnknown, type MetricsReading } from '../metrics/reading.ts';
import { parseExposition } from '../testing/parse-exposition.ts';
import { textMetricsRoute } from './route.ts';

const reading: MetricsReading = {
  counters: { jobs: 3 },
  gauges: {},
  histograms: {},
  labels: {},
  series: { columns: ['c["jobs",{"queue":"in"}]'], values: Float64Array.of(3) },
  exact: { columns: [], values: new Float64Array() },
  processes: [],
  sources: [{ service: 'worker', instance: 'worker:h:1', age_seconds: 0.4 }],
  complete: true,
  since: 1_706_000_000.5,
};

function build(read: () => Promise<MetricsReading>): FastifyInstance {
  const app = fastify();
  void app.register(textMetricsRoute, {
    reader: { read },
    guard: async (request: FastifyRequest, reply: FastifyReply) =>
      request.headers.authorization ? undefined : reply.code(401).send({}),
    catalogue: { jobs: { type: 'counter', help: 'Jobs.' } },
    namePrefix: 'prosaas_',
  });
  return app;
}

const authorization = 'Bearer x';

test('/metrics answers Prometheus text 0.0.4 by default', async () => {
  const response = await build(async () => reading).inject({ url: '/metrics', headers: { authorization } });
  expect(response).toMatchObject({
    statusCode: 200,
    headers: {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
      vary: 'Accept, Accept-Encoding',
    },
  });
  const families = parseExposition(response.body, 'prometheus');
  expect(families.get('prosaas_jobs_total')).toMatchObject({
    type: 'counter',
    help: 'Jobs.',
    samples: [{ labels: { queue: 'in' }, value: 3 }],
  });
  expect(families.get('prosaas_metrics_complete')!.samples[0]!.value).toBe(1);
  expect(families.get('prosaas_metrics_sources')!.samples[0]!.value).toBe(1);
});

test('/metrics answers OpenMetrics 1.0 when the client prefers it', async () => {
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5';
  const app = build(async () => ({ ...reading, complete: false }));
  const response = await app.inject({ url: '/metrics', headers: { authorization, accept } });
  expect(response.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  const families = parseExposition(response.body, 'openmetrics');
  expect(families.get('prosaas_metrics_since_timestamp_seconds')).toMatchObject({
    unit: 'seconds',
    samples: [{ value: 1_706_000_000.5 }],
  });
  expect(families.get('prosaas_metrics_complete')!.samples[0]!.value).toBe(0);
});

test('?per=instance shows each living process by itself, and exact values without an instance', async () => {
  const jobs = { columns: ['c["jobs",{}]', 'g["idle",{},"sum"]'], values: Float64Array.of(2, Number.NaN) };
  const app = build(async () => ({
    ...reading,
    exact: { columns: ['g["active",{"queue":"in"},"last"]'], values: Float64Array.of(4) },
    processes: [
      { instance: 'a', ...jobs },
      { instance: 'b', ...jobs, values: Float64Array.of(1, 5) },
    ],
  }));
  const response = await app.inject({ url: '/metrics?per=instance', headers: { authorization } });
  const families = parseExposition(response.body, 'prometheus');
  const samplesOf = (name: string): [unknown, number][] =>
    (families.get(name)?.samples ?? []).map(({ labels, value }) => [labels, value]);
  expect(samplesOf('prosaas_jobs_total')).toEqual([
    [{ instance: 'a' }, 2],
    [{ instance: 'b' }, 1],
  ]);
  expect(samplesOf('prosaas_idle')).toEqual([[{ instance: 'b' }, 5]]);
  expect(samplesOf('prosaas_active')).toEqual([[{ queue: 'in' }, 4]]);
});

test.each(['per=nonsense', 'per=instance,', 'per=instance&per=le', 'per'])(
  'answers 400 to an unknown label: ?%s',
  async (query) => {
    const url = `/metrics?${query}`;
    const response = await build(async () => reading).inject({ url, headers: { authorization } });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      code: 'UNKNOWN_LABEL',
      detail: expect.stringContaining('instance'),
    });
  },
);

test.each([
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['*', true],
  ['gzip;q=0, *', false],
  ['br', false],
  ['', false],
])('Accept-Encoding: %s compresses the page: %s', async (encoding, isCompressed) => {
  const headers = { authorization, 'accept-encoding': encoding };
  const { headers: got, rawPayload } = await build(async () => reading).inject({ url: '/metrics', headers });
  expect([got['content-encoding'], got.vary]).toEqual([
    isCompressed ? 'gzip' : undefined,
    'Accept, Accept-Encoding',
  ]);
  const text = String(isCompressed ? gunzipSync(rawPayload) : rawPayload);
  expect(parseExposition(text, 'prometheus').has('prosaas_jobs_total')).toBe(true);
});

test('the guard runs before /metrics, and HEAD has no body', async () => {
  const app = build(async () => reading);
  expect((await app.inject('/metrics')).statusCode).toBe(401);
  for (const encoding of ['gzip', 'identity']) {
    const headers = { authorization, 'accept-encoding': encoding };
    expect(await app.inject({ method: 'HEAD', url: '/metrics', headers })).toMatchObject({
      statusCode: 200,
      body: '',
    });
  }
  expect((await app.inject({ method: 'POST', url: '/metrics' })).statusCode).toBe(405);
});

test('answers 503 when the totals are unknown', async () => {
  const app = build(() => Promise.reject(new MetricsUnknown(new Error('away'))));
  const response = await app.inject({ url: '/metrics', headers: { authorization } });
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({ code: 'METRICS_UNKNOWN' });
});
