import { fillDiskUnderRedis, poll, startRedis } from '@prosaas/devstack';
import { createLogger, createRedis, redisReady } from '@prosaas/runtime';
import type { CheckDefinition, CheckReport } from '@prosaas/observability';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { redisCheck } from './redis-check.ts';

const key = '{prosaas}:stack';
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let server: Awaited<ReturnType<typeof startRedis>>;
let admin: Redis;
let redis: ReturnType<typeof createRedis>;
let check: CheckDefinition;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin?.disconnect();
  await server?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  redis = createRedis({ url: server.url, name: 'check', role: 'commands', log });
  check = redisCheck({ redis, address: 'redis:6379', key });
  await admin.set(key, 'the id of a stack');
  return () => redis.disconnect();
});

const run = async (): Promise<CheckReport | void> => check.run(AbortSignal.timeout(2000));
const reason = (): Promise<unknown> =>
  run().then(
    () => 'none',
    (error: { reason?: unknown }) => error.reason,
  );

test('the first run waits for the connection, and a healthy Redis passes', async () => {
  const starting = createRedis({ url: server.url, name: 'starting', role: 'commands', log });
  using _ = { [Symbol.dispose]: () => starting.disconnect() };
  const first = redisCheck({ redis: starting, address: 'redis:6379', key });
  expect(await first.run(AbortSignal.timeout(2000))).toEqual({
    detail: {
      version: expect.stringMatching(/^\d+\./),
      maxmemory_policy: 'noeviction',
      appendonly: true,
      appendfsync: 'everysec',
    },
  });
});

test('the write probe changes no data and writes nothing to the append-only file', async () => {
  await redisReady(redis);
  await run();
  const before = await changes();
  await run();
  expect(await changes()).toBe(before);
  expect(await admin.get(key)).toBe('the id of a stack');
  await admin.del(key);
  await run();
  expect(await admin.exists(key)).toBe(0);
});

/** Changes since the last save, as Redis counts them. */
async function changes(): Promise<string | undefined> {
  return /rdb_changes_since_last_save:(\d+)/.exec(await admin.info('persistence'))?.[1];
}

test.each([
  ['maxmemory', '100kb', 'out_of_memory', '0'],
  ['min-replicas-to-write', '1', 'not_ready', '0'],
])('%s %s fails with %s', async (setting, value, wanted, usual) => {
  await redisReady(redis);
  await admin.config('SET', setting, value);
  expect(await reason()).toBe(wanted);
  await admin.config('SET', setting, usual);
  expect(await reason()).toBe('none');
});

test('a replica fails with read_only', async () => {
  await redisReady(redis);
  await admin.replicaof('127.0.0.1', 1);
  expect(await reason()).toBe('read_only');
  await admin.replicaof('NO', 'ONE');
  await poll(async () => (await reason()) === 'none', { what: 'a master' });
});

test('an append-only file on a full disk fails with append_failed until it can be written again', async () => {
  await redisReady(redis);
  const full = await fillDiskUnderRedis(server);
  await poll(
    async () => {
      // Redis notices when it next writes.
      await admin.set('other', '1').catch(() => {});
      return (await reason()) === 'append_failed';
    },
    { what: 'append_failed' },
  );
  await full[Symbol.asyncDispose]();
  await poll(async () => (await reason()) === 'none', { what: 'a file that can be written' });
});
