import { setTimeout as delay } from 'node:timers/promises';
import { type RedisCluster, poll, startRedisCluster } from '@prosaas/devstack';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Logger, createLogger } from './logger.ts';
import { type RedisRole, closeRedis, createRedis, reconnectRedis, redisReady } from './redis.ts';
import { readRedisSettings } from './redis-settings.ts';

const key = '{test}:key';
let cluster: RedisCluster;
const lines: string[] = [];
// One for each test: an outage that recurs within a minute is logged later.
const newLog = (): Logger =>
  createLogger({
    service: 'test',
    instance: 'test',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
let log = newLog();
const clients: Redis[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster({ key });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(closeRedis));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await cluster.ready();
  await cluster.onEveryNode('FLUSHALL');
  lines.length = 0;
  log = newLog();
});

async function client(role: RedisRole, { url } = cluster): Promise<Redis> {
  const redis = createRedis({ url, name: `test:${role}`, role, log });
  clients.push(redis);
  await redisReady(redis);
  return redis;
}

const countLines = (text: string): number => lines.filter((line) => line.includes(text)).length;

describe('a client of a cluster', () => {
  test.each(['commands', 'publisher', 'blocking'] as const)(
    'finds the node of each key, in the role %s',
    async (role) => {
      const redis = await client(role);
      const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
      await Promise.all(keys.map((one) => redis.set(one, one)));
      expect(await Promise.all(keys.map((one) => redis.get(one)))).toEqual(keys);
      const replies = await redis.multi().set(`${key}:1`, 'x').get(`${key}:1`).time().exec();
      expect(replies?.[1]).toEqual([null, 'x']);
      expect(await redis.ping()).toBe('PONG');
    },
  );

  test('reads the settings of the server that holds the key', async () => {
    const redis = await client('commands');
    const others = cluster.nodes.filter((node) => node !== cluster.owner);
    const set = async (nodes: readonly { url: string }[], policy: string): Promise<void> => {
      for (const { url } of nodes) {
        const node = createRedis({ url, name: 'test', role: 'commands', log });
        await redisReady(node);
        await node.config('SET', 'maxmemory-policy', policy);
        await closeRedis(node);
      }
    };
    await set([cluster.owner], 'allkeys-lru');
    expect(await readRedisSettings(redis, key)).toMatchObject({
      evictionPolicy: 'allkeys-lru',
      appendFsync: 'always',
    });
    await set([cluster.owner], 'noeviction');
    await set(others, 'allkeys-lru');
    expect(await readRedisSettings(redis, key)).toMatchObject({ evictionPolicy: 'noeviction' });
    await set(others, 'noeviction');
  });

  test('runs each command once while the keys move to another node', async () => {
    const redis = await client('commands');
    let moving = true;
    const moved = cluster.moveSlot().finally(() => (moving = false));
    let sent = 0;
    for (; moving || sent < 100; sent++) expect(await redis.incr(key)).toBe(sent + 1);
    await moved;
    expect(await redis.get(key)).toBe(String(sent));
  });

  test('does not resend a command that the loss of its node left open', async () => {
    const redis = await client('commands');
    await redis.set(`${key}:known`, '1');
    const { owner } = cluster;
    owner.freeze();
    const open = redis.incr(key);
    await Promise.all([expect(open).rejects.toThrow(), owner.kill()]);
    await owner.start();
    await cluster.ready();
    await poll(() => redis.set(`${key}:known`, '2').catch(() => undefined), { what: 'the node to be used' });
    expect(await redis.get(key)).toBeNull();
  });

  test('gives up within its time limit while its node is away, logs which one, and works again once it is back', async () => {
    const redis = await client('commands');
    await redis.set(key, '1');
    const { owner } = cluster;
    await owner.stop();
    const began = performance.now();
    await expect(redis.get(key)).rejects.toThrow();
    await expect(redis.multi().get(key).exec()).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(6000);
    await owner.start();
    await cluster.ready();
    expect(await poll(() => redis.get(key).catch(() => undefined), { what: 'an answer' })).toBe('1');
    expect(countLines(`127.0.0.1:${owner.port}`)).toBeGreaterThanOrEqual(1);
    expect([
      countLines('a node of Redis Cluster is away'),
      countLines('the nodes of Redis Cluster are back'),
    ]).toEqual([1, 1]);
  });

  test('waits for its node in the role blocking', async () => {
    const redis = await client('blocking');
    const popped = redis.blpop(key, 0);
    const { owner } = cluster;
    await owner.stop();
    await owner.start();
    await cluster.ready();
    const other = await client('commands');
    await other.rpush(key, 'x');
    expect(await popped).toEqual([key, 'x']);
  });

  test('rejects at once while no node answers, and logs the start and the end of that', async () => {
    const redis = await client('commands');
    await Promise.all(cluster.nodes.map((node) => node.stop()));
    const gone = async (): Promise<boolean> => {
      await redis.get(key).catch(() => undefined);
      return countLines('Redis is away') > 0;
    };
    await poll(gone, { what: 'the outage in the log' });
    const began = performance.now();
    await expect(redis.get(key)).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(1000);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await cluster.ready();
    await redisReady(redis, AbortSignal.timeout(20_000));
    await redis.set(key, 'back');
    expect(await redis.get(key)).toBe('back');
    expect([countLines('Redis is away'), countLines('Redis is back')]).toEqual([1, 1]);
  });

  test('reopens its connections on request', async () => {
    const redis = await client('commands');
    await redis.set(key, '1');
    const before = await redis.pipeline().exists(key).client('ID').exec();
    reconnectRedis(redis);
    const after = await poll(
      async () => {
        const replies = await redis.pipeline().exists(key).client('ID').exec();
        return replies?.[1]?.[0] === null && replies;
      },
      { what: 'a connection' },
    );
    expect(after[1]?.[1]).not.toBe(before?.[1]?.[1]);
  });

  test('closes, also while no node answers', async () => {
    const redis = await client('commands');
    await closeRedis(redis);
    await poll(() => redis.status === 'end', { what: 'the end' });
    const away = createRedis({ url: 'redis+cluster://127.0.0.1:1', name: 'away', role: 'blocking', log });
    await closeRedis(away);
    await poll(() => away.status === 'end', { what: 'the end' });
    await expect(redisReady(away)).rejects.toThrow(/closed/);
  });
});

test('clients run all commands that they were given while a replica took over from its node', async () => {
  await using replicated = await startRedisCluster({ key, replica: true });
  const several = await Promise.all(Array.from({ length: 8 }, () => client('blocking', replicated)));
  await several[0]?.set(key, 0);
  await replicated.owner.kill();
  let asked = 0;
  let answered = 0;
  const asking = setInterval(() => {
    asked += several.length;
    for (const redis of several) void redis.incr(key).then(() => answered++);
  }, 20);
  // Well after the replica's first reply: commands that wait for the dead node must not wait for ever.
  await poll(() => answered > 0, { what: 'the first answer' });
  await delay(1000);
  clearInterval(asking);
  await poll(() => answered === asked, { what: 'all answers' });
  expect(await several[0]?.get(key)).toBe(String(asked));
});
