import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { MetricsUnknown, type MetricsReading } from './reading.ts';
import { metricsRoutes } from './routes.ts';

const reading: MetricsReading = {
  counters: { jobs: 3 },
  gauges: { active: 1 },
  histograms: {},
  labels: { jobs: [{ labels: { queue: 'in' }, value: 3 }] },
  series: { columns: ['c["jobs",{"queue":"in"}]', 'g["active",{},"sum"]'], values: Float64Array.of(3, 1) },
  exact: { columns: [], values: new Float64Array() },
  processes: [],
  sources: [{ service: 'worker', instance: 'worker:h:1', age_seconds: 0.4 }],
  complete: true,
  since: 1_706_000_000.5,
};

function build(read: () => Promise<MetricsReading>): FastifyInstance {
  const app = fastify();
  void app.register(metricsRoutes, {
    reader: { read },
    guard: async (request: FastifyRequest, reply: FastifyReply) =>
      request.headers.authorization ? undefined : reply.code(401).send({}),
    now: () => 1_706_000_000_250,
  });
  return app;
}

const known = { authorization: 'Bearer x' };

test('/metrics.json answers exactly four keys', async () => {
  const response = await build(async () => reading).inject({ url: '/metrics.json', headers: known });
  expect(response.statusCode).toBe(200);
  expect(response.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
  });
  const body = response.json<Record<string, unknown>>();
  expect(body).toEqual({
    uptime_seconds: expect.any(Number),
    counters: { jobs: 3 },
    gauges: { active: 1 },
    timestamp: 1_706_000_000.25,
  });
  expect(Object.keys(body)).toEqual(['uptime_seconds', 'counters', 'gauges', 'timestamp']);
});

test('/metrics.json shows only the metrics in `names`, and `labelled` adds labels', async () => {
  const app = fastify();
  const open = async (): Promise<void> => undefined;
  void app.register(metricsRoutes, { reader: { read: async () => reading }, guard: open, names: ['active'] });
  const body = (await app.inject('/metrics.json?verbose')).json<Record<string, unknown>>();
  expect(body).toMatchObject({ counters: {}, gauges: { active: 1 }, labels: {} });

  const other = fastify();
  const options = { reader: { read: async () => reading }, guard: open, names: ['active'] };
  void other.register(metricsRoutes, { ...options, labelled: ['jobs'] });
  const more = (await other.inject('/metrics.json?verbose')).json<Record<string, unknown>>();
  expect(more).toMatchObject({ counters: {}, labels: { jobs: [{ labels: { queue: 'in' }, value: 3 }] } });
});

test('?verbose adds the sources, the labels, `complete` and `since`', async () => {
  const response = await build(async () => reading).inject({ url: '/metrics.json?verbose', headers: known });
  const { sources, complete, since, labels } = reading;
  expect(response.json()).toMatchObject({ sources, complete, since, labels });
  expect(Object.keys(response.json<object>())).toHaveLength(8);
});

test('answers 503, and not zeros, when the totals are unknown', async () => {
  const app = build(async () => {
    throw new MetricsUnknown(new Error('away'));
  });
  const response = await app.inject({ url: '/metrics.json', headers: known });
  expect(response.statusCode).toBe(503);
  expect(response.headers['content-type']).toContain('application/problem+json');
  expect(response.json()).toMatchObject({ status: 503, code: 'METRICS_UNKNOWN' });
});

test('the guard runs before GET and HEAD', async () => {
  const app = build(async () => reading);
  expect((await app.inject('/metrics.json')).statusCode).toBe(401);
  expect((await app.inject({ method: 'HEAD', url: '/metrics.json' })).statusCode).toBe(401);
  expect(await app.inject({ method: 'HEAD', url: '/metrics.json', headers: known })).toMatchObject({
    statusCode: 200,
    body: '',
  });
});

test('answers any other method with 405 and the allowed methods', async () => {
  const response = await build(async () => reading).inject({ method: 'DELETE', url: '/metrics.json' });
  expect(response.statusCode).toBe(405);
  expect(response.headers.allow).toBe('GET, HEAD');
});
