import { poll } from '@prosaas/devstack';
import { closeRedis, createRedis } from '@prosaas/runtime';
import { afterEach, expect, test } from 'vitest';
import { readRowRef } from './bull-job.ts';
import { createRelay } from './relay.ts';
import { inbound, openQueue, released } from './test-jobs.ts';
import { bullPrefix, useRedis, silent } from './test-redis.ts';
import { readTrace } from './trace.ts';

const env = useRedis();
afterEach(() => env.server.onEveryNode('FLUSHALL'));
const relayOf = (redis = env.redis): ReturnType<typeof createRelay> =>
  createRelay({ redis, bullPrefix, log: silent });

const waiting = async (count: number): Promise<void> => {
  await using queue = openQueue(env);
  await poll(async () => (await queue.getWaitingCount()) === count, { what: `${count} jobs to wait` });
};

test('adds one BullMQ job per release, however often that is enqueued', async () => {
  await using queue = openQueue(env);
  await using relay = relayOf();
  relay.enqueue([released('1'), undefined, released('1')]);
  await waiting(1);
  relay.enqueue([released('1'), released('1', { release: 2 }), released('2')]);
  await waiting(3);
  const ids = (await queue.getJobs('waiting')).map(({ id }) => id);
  expect(new Set(ids)).toEqual(new Set(['1-1', '1-2', '2-1']));
  expect(ids).toHaveLength(3);
});

test('a BullMQ job has the payload at the top level, its row, and a child span of the trace', async () => {
  await using queue = openQueue(env);
  await using relay = relayOf();
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  relay.enqueue([released('7', { release: 3, trace, worker_deaths: 2 })]);
  await waiting(1);
  const job = (await queue.getJob('7-3'))!;
  expect(job.name).toBe(inbound);
  expect(job.data).toEqual({ of: '7', row: { id: '7', release: 3, workerDeaths: 2 } });
  expect(readRowRef(job.data)).toEqual({ id: '7', release: 3, workerDeaths: 2 });
  expect(job.opts).toMatchObject({
    removeOnComplete: { count: 1000 },
    removeOnFail: { count: 1000 },
  });
  expect(readTrace(job)).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/);
});

test.each([
  [undefined],
  [null],
  [{}],
  [{ row: { id: 1, release: 1, workerDeaths: 0 } }],
  [{ row: { id: '1' } }],
])('job data %j has no row', (data) => {
  expect(readRowRef(data)).toBeUndefined();
});

test('keeps jobs while Redis is stopped, and adds each once afterwards', async () => {
  await using queue = openQueue(env);
  await using relay = relayOf();
  relay.enqueue([released('1')]);
  await waiting(1);
  await env.server.stop();
  relay.enqueue([released('2')]);
  relay.enqueue([released('3'), released('3')]);
  await env.server.start();
  relay.enqueue([released('4')]);
  await poll(
    async () => {
      const ids = await Promise.all(['2-1', '3-1', '4-1'].map((id) => queue.getJob(id)));
      return ids.every((job) => job !== undefined);
    },
    { what: 'all jobs to be added' },
  );
  expect((await queue.getJobs('waiting')).filter(({ id }) => id !== '1-1')).toHaveLength(3);
});

test('keeps at most ten thousand jobs in memory', async () => {
  const away = createRedis({ url: env.server.url, name: 'away', role: 'commands', log: silent });
  await env.server.stop();
  // A cluster's client connects to a node when it first asks it, and until then calls itself ready.
  const isRefused = (): Promise<boolean> =>
    away.ping().then(
      () => false,
      () => true,
    );
  await poll(isRefused, { what: 'the connection to be lost' });
  {
    await using relay = relayOf(away);
    relay.enqueue(Array.from({ length: 10_500 }, (_, nth) => released(String(nth))));
    await env.server.start();
    await using queue = openQueue(env);
    await poll(async () => (await queue.getWaitingCount()) >= 10_000, {
      timeoutMs: 50_000,
      everyMs: 200,
      what: 'the jobs to be added',
    });
    // There is room again for later jobs, which come after those that waited.
    relay.enqueue([released('later')]);
    await poll(() => queue.getJob('later-1'), { what: 'the last job' });
    expect(await queue.getWaitingCount()).toBe(10_001);
    expect(await queue.getJob('10000-1')).toBeUndefined();
  }
  await closeRedis(away);
});

test('closes while Redis is away, even with waiting jobs', async () => {
  const away = createRedis({ url: 'redis://127.0.0.1:1', name: 'away', role: 'commands', log: silent });
  const relay = relayOf(away);
  relay.enqueue([released('1')]);
  await relay[Symbol.asyncDispose]();
  await closeRedis(away);
});
