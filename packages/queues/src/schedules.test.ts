import { startRedis, type RedisServer } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { SCHEDULES, type Schedule } from './schedule-table.ts';
import { openSchedules, type Schedules } from './schedules.ts';

const bullPrefix = '{test}';
const table = {
  hourly: { pattern: '7 * * * *', timeLimitMs: 1000 },
  daily: { pattern: '0 3 * * *', timeLimitMs: 1000 },
};
const opened = new AsyncDisposableStack();
let server: RedisServer;
let redis: Redis;
let queue: Queue;

const open = (of: Readonly<Record<string, Schedule>> = table): Schedules =>
  opened.use(openSchedules({ redis, bullPrefix, table: of }));

beforeAll(async () => {
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  server = opened.use(await startRedis());
  redis = opened.adopt(createRedis({ url: server.url, name: 'test', role: 'commands', log }), closeRedis);
  await redisReady(redis);
  queue = new Queue(SCHEDULES, { connection: redis, prefix: bullPrefix });
  opened.defer(() => queue.close());
});
afterAll(() => opened.disposeAsync());
beforeEach(async () => {
  await redis.flushall();
});

test('any number of replicas that set up make one next run of each', async () => {
  await Promise.all(Array.from({ length: 5 }, () => open().setUp({ prune: true })));
  expect(await queue.getDelayedCount()).toBe(2);
  const states = await open().read();
  expect(states.map(({ name, pattern, last_run }) => ({ name, pattern, last_run }))).toEqual([
    { name: 'hourly', pattern: '7 * * * *', last_run: null },
    { name: 'daily', pattern: '0 3 * * *', last_run: null },
  ]);
  for (const { next_run } of states) expect(Date.parse(next_run ?? '')).toBeGreaterThan(Date.now());
  expect(states[0]?.next_run).toMatch(/:07:00\.000Z$/);
  expect(states[1]?.next_run).toMatch(/T03:00:00\.000Z$/);
});

test('what is as it should be is left alone; a changed time replaces the old one; only a start removes what is not in the table', async () => {
  await open().setUp();
  const [before] = await queue.getDelayed();
  await open().setUp();
  expect((await queue.getDelayed())[0]?.timestamp).toBe(before?.timestamp);

  const changed = { hourly: { pattern: '9 * * * *', timeLimitMs: 1000 } };
  await open(changed).setUp();
  expect((await queue.getDelayed()).map(({ name }) => name).toSorted()).toEqual(['daily', 'hourly']);
  expect((await open(changed).read())[0]?.next_run).toMatch(/:09:00\.000Z$/);
  await open(changed).setUp({ prune: true });
  expect((await queue.getDelayed()).map(({ name }) => name)).toEqual(['hourly']);
});

test('after a loss of Redis, or of one next run, the schedules are set up again', async () => {
  await open().setUp();
  await redis.flushall();
  expect((await open().read()).map(({ next_run }) => next_run)).toEqual([null, null]);
  await open().setUp();
  expect(await queue.getDelayedCount()).toBe(2);

  // The next run was due a minute ago, and its job is gone.
  const key = `${bullPrefix}:${SCHEDULES}`;
  for (const { id } of await queue.getDelayed()) await redis.del(`${key}:${id}`);
  await redis.del(`${key}:delayed`);
  await redis.zadd(`${key}:repeat`, Date.now() - 60_000, 'hourly');
  await open().setUp();
  expect((await queue.getDelayed()).map(({ name }) => name)).toEqual(['hourly']);
});

test('the last run of each is read back', async () => {
  const run = {
    started_at: new Date().toISOString(),
    ran_ms: 12,
    outcome: 'failed' as const,
    error: 'Error: why',
    worker: 'worker:host:1',
  };
  await open().record('daily', run);
  expect((await open().read())[1]).toMatchObject({ name: 'daily', last_run: run });
});
