import { type RedisServer, poll, testRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type SlotEnd,
  SlotPool,
  type SlotPoolOptions,
  type SlotTotals,
  readSlotTotals,
} from './slot-pool.ts';

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

const finished: SlotEnd = { outcome: 'completed', reason: 'finished' };
const failed: SlotEnd = { outcome: 'error', reason: 'fault' };

const totals = (): Promise<SlotTotals> => readSlotTotals(redis, '{test}:calls');

describe('SlotPool', () => {
  test('gives as many slots as its limit and rejects the next', async () => {
    const slots = pool();
    expect(await slots.acquire('a')).toBe('acquired');
    expect(await slots.acquire('b')).toBe('acquired');
    expect(await slots.acquire('c')).toBe('full');
    expect(await totals()).toEqual({ active: 2, started: 2, completed: 0, errors: 0, rejected: 1 });
  });

  test('counts an id once, however often it requests a slot', async () => {
    const slots = pool({ limit: 1 });
    await slots.acquire('a');
    expect(await slots.acquire('a')).toBe('held');
    expect(await slots.acquire('b')).toBe('full');
    expect(await slots.acquire('b')).toBe('full');
    expect(await totals()).toMatchObject({ active: 1, started: 1, rejected: 1 });
  });

  test('never exceeds its limit under concurrent requests', async () => {
    const slots = pool({ limit: 15 });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => slots.acquire(`call-${index}`)),
    );
    expect(answers.filter((answer) => answer === 'acquired')).toHaveLength(15);
    expect(await totals()).toMatchObject({ active: 15, started: 15, rejected: 85 });
  });

  test('counts the first release of a slot, and returns it to every later call', async () => {
    const slots = pool();
    await slots.acquire('a');
    const released = await Promise.all([
      slots.release('a', finished),
      slots.release('a', failed),
      slots.release('a', finished),
    ]);
    expect(released).toEqual([finished, finished, finished]);
    expect(await slots.look('a')).toEqual(finished);
    expect(await totals()).toMatchObject({ active: 0, started: 1, completed: 1, errors: 0 });
  });

  test('does not count the release of an id without a slot', async () => {
    expect(await pool().look('nobody')).toBeUndefined();
    expect(await pool().release('nobody', failed)).toBeUndefined();
    expect(await pool().look('nobody')).toBeUndefined();
    expect(await totals()).toMatchObject({ errors: 0 });
  });

  test('frees a slot whose lease has ended, and counts an error', async () => {
    const slots = pool({ limit: 1 });
    await slots.acquire('dead');
    await redis.zadd('{test}:calls:slots', 1, 'dead');
    expect(await slots.acquire('next')).toBe('acquired');
    expect(await totals()).toMatchObject({ active: 1, started: 2, errors: 1 });
    expect(await slots.sweep()).toEqual(['dead']);
  });

  test('returns each expired id from one sweep', async () => {
    const slots = pool({ limit: 3, leaseMs: 1 });
    await slots.acquire('a');
    await slots.acquire('b');
    await poll(async () => (await totals()).active === 0, {
      timeoutMs: 20_000,
      everyMs: 5,
      what: 'expired slots',
    });
    const swept = await Promise.all([slots.sweep(), slots.sweep()]);
    expect(swept.flat().toSorted()).toEqual(['a', 'b']);
    expect(await totals()).toMatchObject({ active: 0, started: 2, errors: 2 });
  });

  test('does not renew or count the release of a slot that was swept', async () => {
    const slots = pool({ leaseMs: 1 });
    await slots.acquire('a');
    await poll(async () => (await totals()).active === 0, {
      timeoutMs: 20_000,
      everyMs: 5,
      what: 'an expired slot',
    });
    expect(await slots.renew('a')).toBe('lost');
    expect(await slots.acquire('a')).toBe('over');
    expect(await slots.release('a', finished)).toEqual({ outcome: 'error', reason: 'lease_expired' });
    expect(await slots.renew('a')).toBe('lost');
    expect(await totals()).toMatchObject({ started: 1, completed: 0, errors: 1 });
  });

  test('gives an ended id no other slot, also when it was released before it requested one', async () => {
    const slots = pool();
    await slots.acquire('a');
    expect(await slots.look('a')).toBe('held');
    await slots.release('a', finished);
    expect(await slots.renew('a')).toBe('released');
    expect(await slots.acquire('a')).toBe('over');
    await slots.release('b', finished);
    expect(await slots.acquire('b')).toBe('over');
    expect(await totals()).toEqual({ active: 0, started: 1, completed: 1, errors: 0, rejected: 0 });
  });

  test('counts an id once that requests repeatedly while it is released', async () => {
    const slots = pool();
    await slots.acquire('a');
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at === 7 ? slots.release('a', finished) : slots.acquire('a'))),
    );
    expect(await totals()).toMatchObject({ active: 0, started: 1, completed: 1 });
  });

  test('keeps rejecting an id that was rejected', async () => {
    const slots = pool({ limit: 1 });
    await slots.acquire('a');
    expect(await slots.acquire('b')).toBe('full');
    await slots.release('a', finished);
    expect(await slots.acquire('b')).toBe('full');
    expect(await totals()).toEqual({ active: 0, started: 1, completed: 1, errors: 0, rejected: 1 });
  });

  test('lets every slot be renewed after Redis was unavailable for longer than a lease, then sweeps the others', async () => {
    const slots = pool();
    await slots.acquire('alive');
    await slots.acquire('dead');
    await redis.zadd('{test}:calls:slots', 1, 'alive', 1, 'dead');
    await redis.decrby('{test}:calls:swept', 60_000);
    expect(await slots.sweep()).toEqual([]);
    expect(await totals()).toMatchObject({ active: 2, errors: 0 });

    expect(await slots.renew('alive')).toBe('held');
    await redis.zadd('{test}:calls:slots', 1, 'dead');
    expect(await slots.sweep()).toEqual(['dead']);
    expect(await totals()).toMatchObject({ active: 1, errors: 1 });
  });

  test('extends the lease of a slot that is renewed', async () => {
    await pool({ leaseMs: 10_000 }).acquire('a');
    const before = Number(await redis.zscore('{test}:calls:slots', 'a'));
    expect(await pool({ leaseMs: 90_000 }).renew('a')).toBe('held');
    expect(Number(await redis.zscore('{test}:calls:slots', 'a'))).toBeGreaterThan(before + 70_000);
  });

  test('works after Redis has lost its scripts', async () => {
    const slots = pool();
    await slots.acquire('a');
    await redis.script('FLUSH');
    expect(await slots.acquire('b')).toBe('acquired');
  });

  test('rejects while Redis is unavailable', async () => {
    const away = new Redis(server.port + 1, {
      enableOfflineQueue: false,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    away.on('error', () => {});
    await expect(pool({ redis: away }).acquire('a')).rejects.toThrow();
    away.disconnect();
  });

  test('keeps its totals consistent while calls start, end and expire', async () => {
    const slots = pool({ limit: 5, leaseMs: 3 });
    const call = async (round: number): Promise<void> => {
      const id = `call-${round}`;
      if ((await slots.acquire(id)) !== 'acquired' || round % 3 === 0) return;
      await slots.release(id, round % 2 === 0 ? finished : failed);
    };
    const look = async (): Promise<void> => {
      const { active, started, completed, errors } = await totals();
      expect(started).toBe(completed + errors + active);
    };
    await Promise.all(Array.from({ length: 60 }, (_, round) => [call(round), look()]).flat());
  });
});
