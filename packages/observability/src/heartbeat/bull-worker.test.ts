import { poll } from '@prosaas/devstack';
import { Queue, Worker, type WorkerOptions } from 'bullmq';
import { expect, test } from 'vitest';
import { watchBullWorker } from './bull-worker.ts';
import type { Consumer, ConsumerLiveness } from './consumer.ts';
import { redisForEach } from './test-redis.ts';

const on = redisForEach();

function startWorker(
  processor: () => Promise<void>,
  options: Partial<WorkerOptions> = {},
): { worker: Worker; consumer: Consumer; queue: Queue } {
  const connection = { port: on.server.port, host: '127.0.0.1', maxRetriesPerRequest: null };
  const queue = new Queue('jobs', { connection });
  const worker = new Worker('jobs', processor, { connection, drainDelay: 1, ...options });
  queue.on('error', () => undefined);
  worker.on('error', () => undefined);
  const consumer = watchBullWorker(worker, { timeLimitMs: 1000 });
  on.cleanup.defer(() => queue.close());
  on.cleanup.defer(() => worker.close(true));
  return { worker, consumer, queue };
}

/** The consumer's liveness since `since`, as if `ms` had passed. */
const livenessLater = (consumer: Consumer, since: number, ms = 20_000): ConsumerLiveness =>
  consumer.checkLiveness(since, since + ms);

test('an idle worker shows that it works by its fetches', async () => {
  const { consumer } = startWorker(async () => undefined);
  await consumer.ready();
  for (let turn = 0; turn < 2; turn++) {
    const since = performance.now();
    const liveness = await poll(() => {
      const found = livenessLater(consumer, since);
      return found.ok && found;
    });
    expect(liveness).toEqual({ ok: true, by: 'fetch' });
  }
  expect(consumer.lastJobAt).toBeUndefined();
});

test('a worker shows that it works by taking jobs', async () => {
  const { consumer, queue } = startWorker(async () => undefined);
  await consumer.ready();
  const since = performance.now();
  await queue.add('job', {});
  await poll(() => consumer.lastJobAt !== undefined && consumer.lastJobAt >= since);
  expect(livenessLater(consumer, since)).toEqual({ ok: true, by: 'job' });
});

test('a worker with all slots busy counts as working until a job exceeds its time limit', async () => {
  const hang = Promise.withResolvers<void>();
  const { consumer, queue } = startWorker(() => hang.promise);
  await queue.add('job', {});
  await poll(() => consumer.lastJobAt !== undefined);
  const started = consumer.lastJobAt!;
  expect(consumer.checkLiveness(started + 1, started + 900)).toMatchObject({ ok: true });
  const later = started + 60_000;
  expect(consumer.checkLiveness(later - 30_000, later)).toEqual({
    ok: false,
    why: 'all 1 slots are busy, 1 beyond the time limit of a job',
  });
  hang.resolve();
});

test('a paused worker counts as working', async () => {
  const { worker, consumer } = startWorker(async () => undefined);
  await consumer.ready();
  await worker.pause();
  expect(livenessLater(consumer, performance.now())).toEqual({ ok: true, by: 'paused' });
});

test('a rate-limited worker counts as working', async () => {
  const { consumer, queue } = startWorker(async () => undefined, { limiter: { max: 1, duration: 60_000 } });
  await consumer.ready();
  await queue.addBulk([1, 2].map((n) => ({ name: 'job', data: { n } })));
  await poll(() => consumer.checkLiveness(performance.now() + 15_000, performance.now() + 30_000).ok);
  expect(consumer.checkLiveness(performance.now() + 15_000, performance.now() + 30_000)).toEqual({
    ok: true,
    by: 'rate_limited',
  });
});

test('a worker with a dead blocking connection does not count as working', async () => {
  const { consumer, worker } = startWorker(async () => undefined);
  await consumer.ready();
  const { backend } = worker as unknown as {
    backend: { queue: { blockingClient: Promise<{ bzpopmin: unknown }> } };
  };
  let fetches = 0;
  let since = 0;
  const blocking = await backend.queue.blockingClient;
  blocking.bzpopmin = () => {
    fetches++;
    since ||= performance.now() + 1;
    return new Promise(() => undefined);
  };
  // BullMQ abandons each fetch after its timeout, resets the connection, and reports an empty queue.
  await poll(() => fetches >= 3, { timeoutMs: 20_000 });
  expect(livenessLater(consumer, since)).toMatchObject({ ok: false });
  expect(await on.redis.ping()).toBe('PONG');
});

test('disposing restores the methods of the worker', async () => {
  const { worker, consumer } = startWorker(async () => undefined);
  await consumer.ready();
  consumer[Symbol.dispose]();
  expect(Object.hasOwn(worker, 'callProcessJob')).toBe(false);
  expect(Object.hasOwn(worker.backend, 'waitForJob')).toBe(false);
});
