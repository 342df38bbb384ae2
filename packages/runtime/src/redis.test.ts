import { type RedisServer, poll, testRedis } from '@prosaas/devstack';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { type RedisRole, closeRedis, createRedis, redisReady } from './redis.ts';

let server: RedisServer;
const lines: string[] = [];
const log = createLogger({
  service: 'test',
  instance: 'test',
  level: 'info',
  destination: { write: (line) => void lines.push(line) },
});
const clients: Redis[] = [];

beforeAll(async () => {
  server = await testRedis();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(closeRedis));
  lines.length = 0;
});

function client(role: RedisRole, url = server.url): Redis {
  const redis = createRedis({ url, name: `test:${role}`, role, log });
  clients.push(redis);
  return redis;
}

describe('a Redis client', () => {
  test('can be used once it is ready', async () => {
    const redis = client('commands');
    await redisReady(redis);
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.client('GETNAME')).toBe('test:commands');
  });

  test('rejects a command at once while Redis is away', async () => {
    const redis = client('commands', 'redis://127.0.0.1:1');
    await expect(redis.ping()).rejects.toThrow();
  });

  test('logs the start and the end of an outage, and reconnects by itself', async () => {
    const redis = client('commands');
    await redisReady(redis);
    await server.stop();
    await poll(() => (lines.some((line) => line.includes('Redis is away')) ? true : undefined), {
      timeoutMs: 10_000,
      everyMs: 10,
      what: 'the outage in the log',
    });
    await expect(redis.ping()).rejects.toThrow();
    await server.start();
    await redisReady(redis, AbortSignal.timeout(10_000));
    expect(await redis.ping()).toBe('PONG');
    expect(lines.filter((line) => line.includes('Redis is away'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('Redis is back'))).toHaveLength(1);
  });

  test('gives up a command that Redis does not answer, and works again once it does', async () => {
    const redis = client('publisher');
    await redisReady(redis);
    server.freeze();
    try {
      await expect(redis.ping()).rejects.toThrow(/timed out/);
    } finally {
      server.thaw();
    }
    await poll(() => redis.ping().catch(() => undefined), {
      timeoutMs: 10_000,
      everyMs: 20,
      what: 'an answer',
    });
  });

  test('does not resend a command that an outage left open', async () => {
    const redis = client('commands');
    await redisReady(redis);
    server.freeze();
    const open = redis.incr('counter');
    await Promise.all([expect(open).rejects.toThrow(), server.kill()]);
    await server.start();
    await redisReady(redis, AbortSignal.timeout(10_000));
    expect(await redis.get('counter')).toBeNull();
  });

  test('waits for Redis in the role blocking', async () => {
    const redis = client('blocking');
    await redisReady(redis);
    const popped = redis.blpop('list', 0);
    await server.stop();
    await server.start();
    const other = client('commands');
    await redisReady(other);
    await other.rpush('list', 'x');
    expect(await popped).toEqual(['list', 'x']);
  });

  test('is not waited for once it is closed', async () => {
    const redis = client('commands', 'redis://127.0.0.1:1');
    const ready = redisReady(redis);
    await Promise.all([closeRedis(redis), expect(ready).rejects.toThrow(/closed/)]);
    await expect(redisReady(redis)).rejects.toThrow(/closed/);
  });

  test.each(['commands', 'blocking', 'publisher'] as const)(
    'that is closed while Redis is away (%s) does not keep the process alive',
    async (role) => {
      const redis = client(role, 'redis://127.0.0.1:1');
      await poll(() => redis.status === 'reconnecting', { everyMs: 1, what: 'the second attempt' });
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        await closeRedis(redis);
        await vi.advanceTimersByTimeAsync(100);
        expect(vi.getTimerCount()).toBe(0);
      } finally {
        vi.useRealTimers();
      }
    },
  );
});
