import { poll } from '@prosaas/devstack';
import { DelayedError, UnrecoverableError } from 'bullmq';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { countsKey, queueKey } from './queue-keys.ts';
import { queueNames } from './queue-table.ts';
import { type QueueTotals, readQueueTotals } from './queue-totals.ts';
import { type Relay, createRelay } from './relay.ts';
import { inbound, openQueue, released, startWorker } from './test-jobs.ts';
import { bullPrefix, useRedis, silent } from './test-redis.ts';

const env = useRedis();
let relay: Relay;
beforeEach(async () => {
  await env.server.onEveryNode('FLUSHALL');
  relay = createRelay({ redis: env.redis, bullPrefix, log: silent });
});
afterEach(() => relay[Symbol.asyncDispose]());

const totals = (): Promise<QueueTotals> => readQueueTotals(env.redis, bullPrefix);
const ofInbound = async (): Promise<QueueTotals['queues'][typeof inbound]> =>
  (await totals()).queues[inbound];

/** All zero if `enqueued` is the sum of the other counts, in each queue and over all. */
function imbalance({ enqueued, completed, failed, queues }: QueueTotals): number[] {
  const each = Object.values(queues);
  const sum = (of: (queue: (typeof each)[number]) => number): number =>
    each.reduce((total, queue) => total + of(queue), 0);
  return [
    ...each.map((q) => q.enqueued - q.completed - q.failed - q.waiting - q.active - q.delayed),
    enqueued - sum((q) => q.enqueued),
    completed - sum((q) => q.completed),
    failed - sum((q) => q.failed),
  ];
}

test('an empty Redis counts nothing', async () => {
  const nothing = {
    waiting: 0,
    active: 0,
    delayed: 0,
    enqueued: 0,
    completed: 0,
    failed: 0,
    paused: false,
    oldestAgeSeconds: 0,
  };
  expect(await totals()).toEqual({
    enqueued: 0,
    completed: 0,
    failed: 0,
    queues: Object.fromEntries(queueNames.map((queue) => [queue, nothing])),
  });
});

test('completed and failed are final outcomes, each job counts once, and every reading adds up', async () => {
  const readings: QueueTotals[] = [];
  const tried = new Set<string>();
  relay.enqueue(Array.from({ length: 60 }, (_, nth) => released(String(nth))));
  relay.enqueue([released('out', { queue: 'outbound-messages' })]);
  {
    // A third completes, a third completes after a retry, a third fails.
    await using _ = await startWorker(env, async (job, token) => {
      const nth = Number(job.data.of);
      if (nth % 3 === 2) throw new UnrecoverableError('never');
      if (nth % 3 === 1 && !tried.has(job.id!)) {
        tried.add(job.id!);
        await job.moveToDelayed(Date.now() + 5, token);
        throw new DelayedError();
      }
    });
    await poll(
      async () => {
        const reading = await totals();
        readings.push(reading);
        return reading.completed === 40 && reading.failed === 20;
      },
      { everyMs: 2, what: 'all jobs to end' },
    );
  }
  expect(tried.size).toBe(20);
  expect(readings.flatMap(imbalance).filter((difference) => difference !== 0)).toEqual([]);
  const { enqueued, queues } = await totals();
  expect(enqueued).toBe(61);
  expect(queues['outbound-messages']).toMatchObject({ enqueued: 1, waiting: 1 });
});

test('finished jobs stay counted after BullMQ has removed them', async () => {
  relay.enqueue(Array.from({ length: 5 }, (_, nth) => released(String(nth))));
  await using queue = openQueue(env);
  {
    await using _ = await startWorker(env, async () => {});
    await poll(async () => (await ofInbound()).completed === 5, { what: 'the jobs to end' });
  }
  await queue.clean(0, 100, 'completed');
  expect(await queue.getCompletedCount()).toBe(0);
  expect(await ofInbound()).toMatchObject({ completed: 5, enqueued: 5 });
});

test('jobs that an operator drained count as failed', async () => {
  relay.enqueue([released('1')]);
  await poll(async () => (await ofInbound()).waiting === 1, { what: 'the job' });
  await env.redis.hincrby(countsKey(bullPrefix), `drained:${inbound}`, 3);
  expect(await totals()).toMatchObject({
    enqueued: 4,
    failed: 3,
    queues: { [inbound]: { failed: 3, enqueued: 4 } },
  });
});

/** In tens of seconds, without those that the test itself has taken. */
const age = async (since?: number): Promise<number> => {
  const { oldestAgeSeconds } = await ofInbound();
  const taken = since === undefined ? 0 : (Date.now() - since) / 1000;
  return Math.round((oldestAgeSeconds - taken) / 10) * 10;
};
/** Makes a job look as if it had been added ten minutes earlier. */
const backdate = (id: string): Promise<number> =>
  env.redis.hset(queueKey(bullPrefix, inbound, `${id}-1`), 'timestamp', Date.now() - 600_000);

test('reports the age of the oldest waiting job, also while its queue is paused', async () => {
  await using queue = openQueue(env);
  for (const id of ['1', '2']) {
    relay.enqueue([released(id)]);
    await poll(() => queue.getJob(`${id}-1`), { what: 'the job' });
  }
  const backdated = Date.now();
  await backdate('1');
  expect(await age(backdated)).toBe(600);
  await queue.pause();
  expect(await age(backdated)).toBe(600);
  expect(await ofInbound()).toMatchObject({ paused: true, waiting: 2 });
  expect((await totals()).queues['outbound-messages'].oldestAgeSeconds).toBe(0);
});

test('the age of a retried job counts from its last attempt, and a running job has none', async () => {
  await using queue = openQueue(env);
  relay.enqueue([released('1')]);
  await poll(() => queue.getJob('1-1'), { what: 'the job' });
  await backdate('1');
  const ending = Promise.withResolvers<void>();
  {
    await using _ = await startWorker(env, async (job, token) => {
      await ending.promise;
      await job.moveToDelayed(Date.now() + 600_000, token);
      throw new DelayedError();
    });
    await poll(async () => (await ofInbound()).active === 1, { what: 'the job to run' });
    expect(await age()).toBe(0);
    ending.resolve();
    await poll(async () => (await ofInbound()).delayed === 1, { what: 'the retry' });
  }
  await (await queue.getJob('1-1'))!.promote();
  expect(await ofInbound()).toMatchObject({ waiting: 1, delayed: 0 });
  expect(await age()).toBe(0);
});

test.each([3_600_000, -600_000])('the age is right on a machine whose clock is off by %d ms', async (off) => {
  relay.enqueue([released('1', { read_ms: Date.now() - 5000 })]);
  await poll(async () => (await ofInbound()).waiting === 1, { what: 'the job' });
  const realNow = Date.now.bind(Date);
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + off);
  const { oldestAgeSeconds } = await ofInbound().finally(() => clock.mockRestore());
  expect(oldestAgeSeconds).toBeGreaterThanOrEqual(5);
  expect(oldestAgeSeconds).toBeLessThan(60);
});
