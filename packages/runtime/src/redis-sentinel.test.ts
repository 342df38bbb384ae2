import { type SentinelRedis, poll, startSentinelRedis } from '@prosaas/devstack';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { type RedisRole, closeRedis, createRedis, redisReady } from './redis.ts';
import { readRedisSettings } from './redis-settings.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let sentinel: SentinelRedis;
const clients: Redis[] = [];

beforeAll(async () => {
  sentinel = await startSentinelRedis();
});
afterAll(async () => {
  await sentinel[Symbol.asyncDispose]();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(closeRedis));
});

async function client(role: RedisRole): Promise<Redis> {
  const redis = createRedis({ url: sentinel.url, name: `test:${role}`, role, log });
  clients.push(redis);
  await redisReady(redis, AbortSignal.timeout(20_000));
  return redis;
}

/** Commands fail while a client reconnects, which it does more than once in a failover. */
const eventually = <Value>(run: () => Promise<Value>): Promise<Value> =>
  poll(() => run().catch(() => undefined), { timeoutMs: 30_000, what: 'an answer' });

const written = (redis: Redis, key: string): Promise<string> => eventually(() => redis.set(key, 'x'));

// Runs first: the sentinels' own announcements in the other tests would interfere.
test('an announcement of a new master while the client is looking for one does not end the client', async () => {
  const redis = await client('blocking');
  const connector = redis['connector'] as unknown as { failoverDetector: { disconnect(): void } | null };
  const detector = await poll(() => connector.failoverDetector, { what: 'the sentinels to be listened to' });
  // What the detector does when a sentinel publishes +switch-master.
  redis.once('connecting', () => detector.disconnect());
  redis['stream'].destroy();
  await redis.set('told', 'x');
  expect(redis.status).toBe('ready');
  await closeRedis(redis);
  await poll(() => redis.status === 'end', { what: 'the end' });
});

test('finds the master through the sentinel, and the next one after an operator switches over', async () => {
  const redis = await client('commands');
  await redis.set('a', '1');
  expect(await readRedisSettings(redis, 'a')).toMatchObject({ readOnly: false, appendOnly: true });
  await sentinel.switchOver();
  await written(redis, 'b');
  expect(await eventually(() => redis.get('a'))).toBe('1');
  expect(await eventually(() => readRedisSettings(redis, 'a'))).toMatchObject({ readOnly: false });
});

test('clients of every role continue on the replica when the master dies', async () => {
  const [commands, publisher, blocking] = await Promise.all(
    (['commands', 'publisher', 'blocking'] as const).map(client),
  );
  const popped = blocking!.blpop('list', 0);
  const port = await sentinel.masterPort();
  await sentinel.servers.get(port)?.kill();
  await written(commands!, 'c');
  await written(publisher!, 'd');
  expect(await sentinel.masterPort()).not.toBe(port);
  await eventually(() => commands!.rpush('list', 'y'));
  expect(await popped).toEqual(['list', 'y']);
});
