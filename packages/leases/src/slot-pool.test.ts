import { type RedisServer, poll, testRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SlotPool, type SlotPoolOptions } from './slot-pool.ts';

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await testRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await redis.flushall();
});

function pool(options: Partial<SlotPoolOptions> = {}): SlotPool {
  return new SlotPool({ redis, keyPrefix: '{test}:calls', limit: 2, leaseMs: 60_000, ...options });
}

describe('a pool of slots', () => {
  test('gives as many slots as its limit and rejects the next', async () => {
    const slots = pool();
    expect(await slots.acquire('a')).toBe('acquired');
    expect(await slots.acquire('b')).toBe('acquired');
    expect(await slots.acquire('c')).toBe('full');
    expect(await slots.totals()).toEqual({ active: 2, started: 2, completed: 0, errors: 0, rejected: 1 });
  });

  test('counts an id once, however often it asks', async () => {
    const slots = pool({ limit: 1 });
    await slots.acquire('a');
    expect(await slots.acquire('a')).toBe('held');
    expect(await slots.acquire('b')).toBe('full');
    expect(await slots.acquire('b')).toBe('full');
    expect(await slots.totals()).toMatchObject({ active: 1, started: 1, rejected: 1 });
  });

  test('never exceeds its limit when many ask at once', async () => {
    const slots = pool({ limit: 15 });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => slots.acquire(`call-${index}`)),
    );
    expect(answers.filter((answer) => answer === 'acquired')).toHaveLength(15);
    expect(await slots.totals()).toMatchObject({ active: 15, started: 15, rejected: 85 });
  });

  test('counts the outcome of the one release that removed the slot', async () => {
    const slots = pool();
    await slots.acquire('a');
    const released = await Promise.all([
      slots.release('a', 'completed'),
      slots.release('a', 'error'),
      slots.release('a', 'completed'),
    ]);
    expect(released).toEqual([true, false, false]);
    expect(await slots.totals()).toMatchObject({ active: 0, started: 1, completed: 1, errors: 0 });
  });

  test('counts a release of an id that has no slot as nothing', async () => {
    expect(await pool().release('nobody', 'error')).toBe(false);
    expect(await pool().totals()).toMatchObject({ errors: 0 });
  });

  test('frees a slot whose lease is over for the next caller, as an error', async () => {
    const slots = pool({ limit: 1, leaseMs: 1 });
    await slots.acquire('dead');
    await poll(async () => (await slots.acquire('next')) === 'acquired', {
      timeoutMs: 5000,
      everyMs: 5,
      what: 'a free slot',
    });
    expect(await slots.totals()).toMatchObject({ started: 2, errors: expect.any(Number) });
    expect(await slots.sweep()).toContain('dead');
  });

  test('hands each expired id to one sweep, whoever removed it', async () => {
    const slots = pool({ limit: 3, leaseMs: 1 });
    await slots.acquire('a');
    await slots.acquire('b');
    await poll(async () => (await slots.active()) === 0, {
      timeoutMs: 5000,
      everyMs: 5,
      what: 'expired slots',
    });
    const swept = await Promise.all([slots.sweep(), slots.sweep()]);
    expect(swept.flat().toSorted()).toEqual(['a', 'b']);
    expect(await slots.totals()).toMatchObject({ active: 0, started: 2, errors: 2 });
  });

  test('does not renew what was swept, and a late release of it counts nothing', async () => {
    const slots = pool({ leaseMs: 1 });
    await slots.acquire('a');
    await poll(async () => (await slots.active()) === 0, {
      timeoutMs: 5000,
      everyMs: 5,
      what: 'an expired slot',
    });
    expect(await slots.renew('a')).toBe(false);
    expect(await slots.release('a', 'completed')).toBe(false);
    expect(await slots.totals()).toMatchObject({ started: 1, completed: 0, errors: 1 });
  });

  test('prolongs the lease of a slot that is renewed', async () => {
    await pool({ leaseMs: 10_000 }).acquire('a');
    const before = Number(await redis.zscore('{test}:calls:slots', 'a'));
    expect(await pool({ leaseMs: 90_000 }).renew('a')).toBe(true);
    expect(Number(await redis.zscore('{test}:calls:slots', 'a'))).toBeGreaterThan(before + 70_000);
  });

  test('goes on after Redis forgot its scripts', async () => {
    const slots = pool();
    await slots.acquire('a');
    await redis.script('FLUSH');
    expect(await slots.acquire('b')).toBe('acquired');
  });

  test('rejects without Redis: nobody gets a slot that nobody counts', async () => {
    const away = new Redis(server.port + 1, {
      enableOfflineQueue: false,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    away.on('error', () => {});
    await expect(pool({ redis: away }).acquire('a')).rejects.toThrow();
    away.disconnect();
  });

  test('balances at every moment while calls come, end and expire', async () => {
    const slots = pool({ limit: 5, leaseMs: 3 });
    const call = async (round: number): Promise<void> => {
      const id = `call-${round}`;
      if ((await slots.acquire(id)) !== 'acquired' || round % 3 === 0) return;
      await slots.release(id, round % 2 === 0 ? 'completed' : 'error');
    };
    const look = async (): Promise<void> => {
      const { active, started, completed, errors } = await slots.totals();
      expect(started).toBe(completed + errors + active);
    };
    await Promise.all(Array.from({ length: 60 }, (_, round) => [call(round), look()]).flat());
  });
});
