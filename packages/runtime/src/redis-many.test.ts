import { poll, startRedisCluster, startSentinelRedis } from '@prosaas/devstack';
import type { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { closeRedis, createRedis, redisReady } from './redis.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const opened = new Set<Redis>();
afterEach(async () => {
  await Promise.all([...opened].map(closeRedis));
  opened.clear();
});

async function client(url: string): Promise<Redis> {
  const redis = createRedis({ url, name: 'test', role: 'commands', log });
  opened.add(redis);
  await redisReady(redis, AbortSignal.timeout(20_000));
  return redis;
}

/** As callers do: what failed is asked again. */
const answer = <T>(ask: () => Promise<T>): Promise<T | undefined> => ask().catch(() => undefined);

test('with sentinels, the replica is written to after the master is gone', async () => {
  await using many = await startSentinelRedis();
  const redis = await client(many.url);
  await redis.set('key', 'before');
  expect(await redis.wait(1, 1000)).toBe(1);
  await many.master.kill();
  await poll(() => answer(() => redis.set('key', 'after')), {
    timeoutMs: 40_000,
    what: 'the replica to take writes',
  });
  expect(await redis.get('key')).toBe('after');
  expect(await redis.config('GET', 'port')).toEqual(['port', String(many.replica.port)]);
});

test('in a cluster, keys are found on every node, in one transaction where they share a tag, and where their slot has moved to', async () => {
  await using cluster = await startRedisCluster();
  const redis = await client(cluster.url);
  for (let key = 0; key < 20; key++) await redis.set(`key:${key}`, key);
  for (let key = 0; key < 20; key++) expect(await redis.get(`key:${key}`)).toBe(String(key));
  const values = await redis.multi().set('{tag}:a', 1).incr('{tag}:b').get('{tag}:a').exec();
  expect(values?.map(([, value]) => value)).toEqual(['OK', 1, '1']);
  await cluster.moveSlotOf('{tag}');
  expect(await redis.get('{tag}:a')).toBe('1');
});

test('a node of a cluster that went away is an outage, and its end is noticed', async () => {
  await using cluster = await startRedisCluster();
  const redis = await client(cluster.url);
  await redis.set('{tag}', 'kept');
  const owner = await cluster.ownerOf('{tag}');
  await owner.stop();
  await expect(redis.get('{tag}')).rejects.toThrow();
  await owner.start();
  await cluster.ready();
  expect(await poll(() => answer(() => redis.get('{tag}')), { timeoutMs: 20_000 })).toBe('kept');
});
