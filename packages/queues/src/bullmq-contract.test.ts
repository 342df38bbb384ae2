// `queue-totals.ts`, `lost-jobs.ts` and `queue-control.ts` rely on BullMQ's undocumented keys, as tested here. If a new version of BullMQ fails
// these tests, review those files: https://github.com/taskforcesh/bullmq/blob/master/src/classes/queue-keys.ts
import { createRequire } from 'node:module';
import { poll } from '@prosaas/devstack';
import { DelayedError } from 'bullmq';
import { beforeEach, expect, test } from 'vitest';
import { queueKey } from './queue-keys.ts';
import { inbound, openQueue, startWorker } from './test-jobs.ts';
import { bullPrefix, useRedis } from './test-redis.ts';

const env = useRedis();
beforeEach(() => env.server.onEveryNode('FLUSHALL'));
const key = (type: string): string => queueKey(bullPrefix, inbound, type);

test('the version of BullMQ is the reviewed one', () => {
  const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
  expect(version).toBe('6.7.0');
});

test('queueKey builds the keys of a queue as BullMQ does', async () => {
  await using queue = openQueue(env);
  for (const type of ['wait', 'paused', 'prioritized', 'active', 'delayed', 'completed', 'failed', 'meta'])
    expect([type, queue.toKey(type)]).toEqual([type, key(type)]);
});

test('waiting jobs are in the list `wait`, the next one last, and have a hash with their time', async () => {
  await using queue = openQueue(env);
  await queue.add(inbound, {}, { jobId: '1-1' });
  await queue.add(inbound, {}, { jobId: '2-1' });
  expect(await env.redis.lrange(key('wait'), 0, -1)).toEqual(['2-1', '1-1']);
  const [timestamp, processedOn] = await env.redis.hmget(key('1-1'), 'timestamp', 'processedOn');
  expect(Math.abs(Date.now() - Number(timestamp))).toBeLessThan(60_000);
  expect(processedOn).toBeNull();
  // Adding another job with the same id changes nothing.
  await queue.add(inbound, { changed: true }, { jobId: '1-1' });
  expect(await env.redis.llen(key('wait'))).toBe(2);
  expect((await queue.getJob('1-1'))!.data).toEqual({});
});

test('a paused queue has the field `paused` in `meta`, and its jobs are in `wait` or `paused`', async () => {
  await using queue = openQueue(env);
  await queue.add(inbound, {}, { jobId: '1-1' });
  expect(await env.redis.hexists(key('meta'), 'paused')).toBe(0);
  await queue.pause();
  await queue.add(inbound, {}, { jobId: '2-1' });
  expect(await env.redis.hexists(key('meta'), 'paused')).toBe(1);
  // The age of the oldest job is read from `wait`.
  expect([await env.redis.lrange(key('wait'), 0, -1), await env.redis.llen(key('paused'))]).toEqual([
    ['2-1', '1-1'],
    0,
  ]);
  await queue.resume();
  expect(await env.redis.hexists(key('meta'), 'paused')).toBe(0);
  expect(await env.redis.llen(key('wait'))).toBe(2);
});

test('jobs with a priority are in the sorted set `prioritized`, those with a delay in `delayed`', async () => {
  await using queue = openQueue(env);
  await queue.add(inbound, {}, { jobId: '1-1', priority: 5 });
  await queue.add(inbound, {}, { jobId: '2-1', delay: 600_000 });
  expect(await env.redis.zrange(key('prioritized'), '0', '-1')).toEqual(['1-1']);
  expect(await env.redis.zrange(key('delayed'), '0', '-1')).toEqual(['2-1']);
  const dueInMs = Number(await env.redis.zscore(key('delayed'), '2-1')) / 0x1000 - Date.now();
  expect(Math.round(dueInMs / 60_000)).toBe(10);
  expect(await env.redis.llen(key('wait'))).toBe(0);
});

test('a job is in one of `active`, `delayed`, `completed` and `failed`, and only final outcomes count in `metrics`', async () => {
  await using queue = openQueue(env);
  const ids = ['completes', 'fails', 'is retried', 'runs'];
  const ending = Promise.withResolvers<void>();
  await using _ = await startWorker(env, async (job, token) => {
    if (job.id === 'fails') throw new Error('no');
    if (job.id === 'is retried') {
      await job.moveToDelayed(Date.now() + 600_000, token);
      throw new DelayedError();
    }
    if (job.id === 'runs') await ending.promise;
  });
  for (const id of ids) await queue.add(inbound, {}, { jobId: id, attempts: 1 });
  const where = async (): Promise<unknown> => ({
    active: await env.redis.lrange(key('active'), 0, -1),
    delayed: await env.redis.zrange(key('delayed'), '0', '-1'),
    completed: await env.redis.zrange(key('completed'), '0', '-1'),
    failed: await env.redis.zrange(key('failed'), '0', '-1'),
    wait: await env.redis.llen(key('wait')),
  });
  const expected = {
    active: ['runs'],
    delayed: ['is retried'],
    completed: ['completes'],
    failed: ['fails'],
    wait: 0,
  };
  await poll(async () => JSON.stringify(await where()) === JSON.stringify(expected), {
    timeoutMs: 10_000,
    what: JSON.stringify(expected),
  });
  expect(await env.redis.hget(key('metrics:completed'), 'count')).toBe('1');
  expect(await env.redis.hget(key('metrics:failed'), 'count')).toBe('1');
  expect(await env.redis.exists(...ids.map(key))).toBe(4);
  expect(await env.redis.hget(key('is retried'), 'processedOn')).toMatch(/^\d+$/);
  ending.resolve();
});

test('waiting, delayed and prioritized jobs can be removed, a running one cannot', async () => {
  await using queue = openQueue(env);
  const ending = Promise.withResolvers<void>();
  await using _ = await startWorker(env, () => ending.promise);
  await queue.add(inbound, {}, { jobId: '1-1' });
  await poll(async () => (await queue.getActiveCount()) === 1, { what: 'a job to run' });
  await queue.pause();
  await queue.add(inbound, {}, { jobId: '2-1' });
  await queue.add(inbound, {}, { jobId: '3-1', delay: 600_000 });
  await queue.add(inbound, {}, { jobId: '4-1', priority: 1 });
  const jobs = await queue.getJobs(['waiting', 'prioritized', 'delayed'], 0, 9);
  expect(new Set(jobs.map(({ id }) => id))).toEqual(new Set(['2-1', '3-1', '4-1']));
  await Promise.all(jobs.map((job) => job.remove()));
  await expect((await queue.getJob('1-1'))!.remove()).rejects.toThrow(/locked/);
  expect(await env.redis.exists(key('2-1'), key('3-1'), key('4-1'), key('1-1'))).toBe(1);
  expect(await queue.getJobCounts('waiting', 'delayed', 'prioritized', 'active')).toMatchObject({
    waiting: 0,
    delayed: 0,
    prioritized: 0,
    active: 1,
  });
  ending.resolve();
});
