import { type RedisServer, poll, testRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OwnerLease, readOwner } from './owner-lease.ts';

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

const key = '{test}:session:main';

function acquire(instance: string, leaseMs = 60_000): Promise<OwnerLease | undefined> {
  return OwnerLease.acquire({ redis, key, owner: { instance, url: `http://${instance}:3300` }, leaseMs });
}

async function acquireEventually(instance: string): Promise<OwnerLease> {
  const lease = await poll(() => acquire(instance), { timeoutMs: 20_000, everyMs: 5, what: 'the lease' });
  if (lease === undefined) throw new Error('no lease');
  return lease;
}

describe('OwnerLease', () => {
  test('is acquired by one of many concurrent requests', async () => {
    const leases = await Promise.all(Array.from({ length: 20 }, (_, index) => acquire(`replica-${index}`)));
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  test('holds the instance and URL of its owner', async () => {
    expect(await readOwner(redis, key)).toBeUndefined();
    const lease = await acquire('a');
    expect(await readOwner(redis, key)).toEqual({ instance: 'a', url: 'http://a:3300', token: lease?.token });
  });

  test('can be acquired again as soon as it is released', async () => {
    const first = await acquire('a');
    expect(await first?.release()).toBe(true);
    expect(first?.held).toBe(false);
    expect(await acquire('b')).toBeDefined();
  });

  test('passes to another owner with a higher token when it is not renewed', async () => {
    const first = await acquire('a', 1);
    const second = await acquireEventually('b');
    expect(second.token).toBeGreaterThan(first?.token ?? Infinity);
  });

  test('cannot be renewed or released by an owner that lost it', async () => {
    const first = await acquire('a', 1);
    const second = await acquireEventually('b');
    expect(await first?.renew()).toBe(false);
    expect(await first?.release()).toBe(false);
    expect(await readOwner(redis, key)).toMatchObject({ instance: 'b' });
    expect(second.held).toBe(true);
  });

  test('lasts longer when it is renewed', async () => {
    const lease = await acquire('a', 5000);
    await redis.pexpire(key, 1000);
    expect(await lease?.renew()).toBe(true);
    expect(await redis.pttl(key)).toBeGreaterThan(2000);
  });

  test('hands out higher tokens after Redis lost its data', async () => {
    const first = await acquire('a');
    await redis.flushall();
    const second = await acquireEventually('b');
    expect(second.token).toBeGreaterThanOrEqual(first?.token ?? Infinity);
  });

  test('hands out higher tokens while the clock stands still', async () => {
    const ahead = Date.now() + 3_600_000;
    await redis.set(`${key}:fence`, ahead);
    const lease = await acquire('a');
    expect(lease?.token).toBe(ahead + 1);
  });
});
