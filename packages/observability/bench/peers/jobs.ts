import { type Operation, type Peers } from '@prosaas/devstack/bench';
import { Queue, Worker } from 'bullmq';
import {
  MetricsRegistry,
  defineCatalogue,
  instrumentProcess,
  processMetrics,
  startMetricsPublisher,
} from '../../src/index.ts';
import { Redis } from 'ioredis';

const url = process.env['BENCH_REDIS_URL']!;
const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.', labels: { result: ['ok', 'bad'] } },
  job_seconds: { type: 'histogram', help: 'Time of a job.', unit: 'seconds' },
  ...processMetrics(),
});

/** Adds jobs that do nothing, 50 at once, and processes them, 10 at once. */
export const peers: Peers['peers'] = {
  'metrics off': () => jobs('off', async () => undefined, {}),
  'metrics on': () => {
    const registry = new MetricsRegistry(catalogue);
    const done = registry.counter('jobs', { result: 'ok' });
    const seconds = registry.histogram('job_seconds');
    instrumentProcess({ registry });
    startMetricsPublisher({
      redis: new Redis(url, { enableOfflineQueue: false, lazyConnect: false }),
      keyPrefix: '{bench}:metrics',
      registry,
      source: { service: 'worker', instance: 'worker:host:1' },
      onError: () => undefined,
    });
    const work = async (): Promise<void> => {
      const before = performance.now();
      await Promise.resolve();
      seconds.observe((performance.now() - before) / 1000);
      done.add();
    };
    // ProSaaS counts jobs by BullMQ's own metrics.
    return jobs('on', work, { metrics: { maxDataPoints: 60 } });
  },
};

function jobs(name: string, work: () => Promise<void>, options: object): Operation {
  const connection = { url, maxRetriesPerRequest: null };
  const queue = new Queue(name, { connection });
  let left = 0;
  let finished: () => void = () => undefined;
  const worker = new Worker(
    name,
    async () => {
      await work();
      if (--left === 0) finished();
    },
    { connection, concurrency: 10, removeOnComplete: { count: 0 }, ...options },
  );
  worker.on('error', () => undefined);
  return async (times) => {
    left = times;
    const all = new Promise<void>((resolve) => (finished = resolve));
    for (let added = 0; added < times; added += 50)
      await queue.addBulk(Array.from({ length: Math.min(50, times - added) }, () => ({ name, data: {} })));
    await all;
  };
}
