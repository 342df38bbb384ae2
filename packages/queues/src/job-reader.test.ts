import { poll } from '@prosaas/devstack';
import { closeRedis, createRedis } from '@prosaas/runtime';
import { UnrecoverableError } from 'bullmq';
import { beforeEach, expect, test } from 'vitest';
import { QueuesUnavailable } from './bull-handle.ts';
import { toBullJob } from './bull-job.ts';
import { openJobReader } from './job-reader.ts';
import { inbound, openQueue, released, startWorker } from './test-jobs.ts';
import { bullPrefix, useRedis, silent } from './test-redis.ts';

const env = useRedis();
beforeEach(() => env.server.onEveryNode('FLUSHALL'));

async function add(ids: readonly string[], delay = 0): Promise<void> {
  await using queue = openQueue(env);
  for (const id of ids) {
    const { data, opts } = toBullJob(released(id));
    await queue.add(inbound, data, { ...opts, delay });
  }
}

test('lists jobs of a state in pages, newest first, and finds a job by its id', async () => {
  await add(['1', '2', '3', '4', '5']);
  await add(['6'], 600_000);
  await using reader = openJobReader({ redis: env.redis, bullPrefix });
  const list = async (state: 'waiting' | 'delayed' | 'active', offset: number): Promise<string[]> =>
    (await reader.listJobs({ queue: inbound, state, offset, limit: 2 })).map(({ id }) => id);
  expect(await list('waiting', 0)).toEqual(['5-1', '4-1']);
  expect(await list('waiting', 4)).toEqual(['1-1']);
  expect(await list('waiting', 5)).toEqual([]);
  expect(await list('delayed', 0)).toEqual(['6-1']);
  expect(await list('active', 0)).toEqual([]);
  expect(await reader.getJob(inbound, '3-1')).toEqual({
    id: '3-1',
    queue: inbound,
    state: 'waiting',
    payload: { of: '3', row: { id: '3', release: 1, workerDeaths: 0 } },
    error: null,
    trace: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/),
    created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    started_at: null,
    finished_at: null,
    worker: null,
  });
  expect(await reader.getJob('outbound-messages', '3-1')).toBeUndefined();
});

test('a finished job has its state, error and times', async () => {
  await using reader = openJobReader({ redis: env.redis, bullPrefix });
  {
    await using _ = await startWorker(env, async ({ id }) => {
      if (id === '2-1') throw new UnrecoverableError('SEND_REFUSED: no');
    });
    await add(['1', '2']);
    await poll(async () => (await reader.getJob(inbound, '2-1'))?.state === 'failed', { what: 'a failure' });
    await poll(async () => (await reader.getJob(inbound, '1-1'))?.state === 'completed', { what: 'an end' });
  }
  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(await reader.getJob(inbound, '2-1')).toMatchObject({
    error: 'SEND_REFUSED: no',
    started_at: time,
    finished_at: time,
  });
  expect(await reader.listJobs({ queue: inbound, state: 'failed', offset: 0, limit: 10 })).toMatchObject([
    { id: '2-1', state: 'failed' },
  ]);
});

test.each(['meta', 'wait', 'id', 'events', 'completed', '1-1:lock', '1-1:logs'])(
  "does not read BullMQ's internal key %s as a job",
  async (id) => {
    await add(['1']);
    await env.redis.set(`${bullPrefix}:${inbound}:1-1:lock`, 'x');
    await using reader = openJobReader({ redis: env.redis, bullPrefix });
    expect(await reader.getJob(inbound, id)).toBeUndefined();
  },
);

test('reads the progress of one release of a job', async () => {
  await using queue = openQueue(env);
  await using reader = openJobReader({ redis: env.redis, bullPrefix });
  await add(['1']);
  await add(['2'], 600_000);
  await queue.add(inbound, {}, { jobId: '3-1', priority: 1 });
  const progress = (id: string, release = 1): ReturnType<typeof reader.getProgress> =>
    reader.getProgress(inbound, { id, release });
  const waiting = { state: 'waiting', nextTry: null, isPaused: false };
  expect(await progress('1')).toEqual(waiting);
  expect(await progress('3')).toEqual(waiting);
  expect(await progress('1', 2)).toEqual({ ...waiting, state: 'unknown' });
  const delayed = await progress('2');
  expect(delayed.state).toBe('delayed');
  expect(Math.round((delayed.nextTry!.getTime() - Date.now()) / 60_000)).toBe(10);
  await queue.pause();
  expect(await progress('1')).toEqual({ ...waiting, isPaused: true });
  const ending = Promise.withResolvers<void>();
  await using _ = await startWorker(env, () => ending.promise);
  await queue.resume();
  await poll(async () => (await progress('1')).state === 'active', { what: 'the job to run' });
  ending.resolve();
});

test('fails at once while Redis is away', async () => {
  const away = createRedis({ url: 'redis://127.0.0.1:1', name: 'away', role: 'commands', log: silent });
  {
    await using reader = openJobReader({ redis: away, bullPrefix });
    await expect(reader.getJob(inbound, '1-1')).rejects.toThrow(QueuesUnavailable);
  }
  await closeRedis(away);
});
