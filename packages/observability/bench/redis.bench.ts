import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startRedis } from '@prosaas/devstack';
import { median, microseconds, ratioOf, report, timeInRounds } from '@prosaas/devstack/bench';
import { Redis } from 'ioredis';
import prom from 'prom-client';
import { startMetricsPublisher } from '../src/index.ts';
import { publishAs, readerOf, registryOf } from './peers/published.ts';

const INSTANCES = 10;

await using stack = new AsyncDisposableStack();
const server = stack.use(await startRedis());
const connect = (): Redis => stack.adopt(new Redis(server.url), (redis) => redis.disconnect());
const redis = connect();

const publishers = [200, 2000].map((series) => {
  const { registry, step } = registryOf(series);
  const publisher = stack.use(
    startMetricsPublisher({
      redis: connect(),
      keyPrefix: `{publish-${series}}`,
      registry,
      source: { service: 'worker', instance: `worker:host:${series}` },
      intervalMs: 3_600_000,
      onError: console.error,
    }),
  );
  return { publisher, step };
});
const [small, large] = publishers;

await publishAs(redis, '{ten}', INSTANCES, 200);
await publishAs(redis, '{thousand}', 1000, 200);
const ten = readerOf(connect(), '{ten}', 200);
const thousand = readerOf(connect(), '{thousand}', 200);

const aggregator = new prom.AggregatorRegistry();
cluster.setupPrimary({
  exec: fileURLToPath(new URL('peers/cluster-worker.ts', import.meta.url)),
  execArgv: ['--conditions=@prosaas/source'],
});
const workers = Array.from({ length: INSTANCES }, () => cluster.fork());
await Promise.all(workers.map((worker) => once(worker, 'online')));
stack.defer(() => workers.forEach((worker) => worker.kill()));
// A worker is `online` before it has run its script.
while (!(await aggregator.clusterMetrics()).includes('metric_3'))
  await new Promise((next) => setTimeout(next, 100));

async function publish(one: (typeof publishers)[number] | undefined): Promise<void> {
  one!.step();
  if (!(await one!.publisher.flush())) throw new Error('not published');
}

/** The cost of the same bytes without any processing: the lower bound for any protocol over this client. */
const doubles = (count: number): Buffer => Buffer.alloc(40 + 8 * count, 1);
const nothing = String(await redis.script('LOAD', 'return 1'));
await redis.hset(
  '{floor}',
  Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`worker|worker:host:${i}|1f2e3d4c`, doubles(200)]),
  ),
);

const results = await timeInRounds({
  PING: { run: () => redis.ping(), turns: 300 },
  'floor: SET, 200 doubles': { run: () => redis.set('floor', doubles(200)), turns: 200 },
  'floor: SET, 2,000 doubles': { run: () => redis.set('floor', doubles(2000)), turns: 200 },
  'floor: a script that does nothing, 2,000 doubles': {
    run: () => redis.evalsha(nothing, 0, doubles(2000)),
    turns: 200,
  },
  'floor: a MULTI that reads 10 times 200 doubles': {
    run: () => redis.multi().time().hgetallBuffer('{ten}:blobs').exec(),
    turns: 100,
  },
  'floor: HVALS, 1,000 times 200 doubles': { run: () => redis.hvalsBuffer('{floor}'), turns: 15 },
  'publish 200 series': { run: () => publish(small), turns: 100 },
  'publish 2,000 series': { run: () => publish(large), turns: 60 },
  'read 10 instances': { run: () => ten.read(), turns: 100 },
  'read 1,000 instances': { run: () => thousand.read(), turns: 15 },
  "prom-client's cluster, 10 instances": { run: () => aggregator.clusterMetrics(), turns: 30 },
});
const ping = results['PING']!;
const pings = (name: string): ReturnType<typeof ratioOf> => ratioOf(results[name]!, ping);
report(
  'Publish to Redis, and read from it (medians of wall time)',
  Object.fromEntries(Object.entries(results).map(([name, times]) => [name, microseconds(median(times))])),
  [
    { what: 'PINGs to publish 200 series', ratio: pings('publish 200 series'), atMost: 1.5 },
    { what: 'PINGs to publish 2,000 series', ratio: pings('publish 2,000 series'), atMost: 2 },
    { what: 'PINGs to read 10 instances of 200 series', ratio: pings('read 10 instances'), atMost: 2 },
    {
      what: "times as fast as prom-client's cluster aggregation",
      ratio: ratioOf(results["prom-client's cluster, 10 instances"]!, results['read 10 instances']!),
      atLeast: 10,
    },
    { what: 'PINGs to read 1,000 instances of 200 series', ratio: pings('read 1,000 instances'), atMost: 40 },
  ],
);
