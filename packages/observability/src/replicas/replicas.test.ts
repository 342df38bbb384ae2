import { type RedisServer, poll, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AnnounceOptions, announceReplica } from './announce.ts';
import { askReplicas, listReplicas, readTold, tellReplicas } from './list.ts';

const keyPrefix = '{test}:replicas';
let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.[Symbol.asyncDispose]();
});
let cleanup: AsyncDisposableStack;
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  await redis.flushall();
});
afterEach(() => cleanup.disposeAsync());

function announce(instance: string, options: Partial<AnnounceOptions> = {}): AsyncDisposable {
  const replica = { service: 'worker', instance, host: 'h', pid: 1, startedAt: new Date(1_700_000_000_000) };
  return announceReplica({
    redis,
    keyPrefix,
    replica,
    report: () => ({}),
    everyMs: 20,
    leaseMs: 300,
    ...options,
  });
}

test('a replica is listed with what it says of itself at the moment, until it leaves', async () => {
  let agent = 'cold';
  const replica = announce('worker:h:1', { report: () => ({ agent }) });
  const [first] = await poll(async () => {
    const found = await listReplicas({ redis, keyPrefix });
    return found.length > 0 && found;
  });
  expect(first).toEqual({
    service: 'worker',
    instance: 'worker:h:1',
    host: 'h',
    pid: 1,
    startedAt: 1_700_000_000,
    state: 'live',
    silentSeconds: expect.any(Number),
    clockAheadSeconds: 0,
    report: { agent: 'cold' },
  });
  agent = 'warm';
  await poll(async () => (await listReplicas({ redis, keyPrefix }))[0]?.report['agent'] === 'warm');
  await replica[Symbol.asyncDispose]();
  expect(await listReplicas({ redis, keyPrefix })).toEqual([]);
});

test('a replica that stops speaking is lost', async () => {
  cleanup.use(announce('worker:h:1', { everyMs: 3_600_000, leaseMs: 100 }));
  const lost = await poll(async () => {
    const found = await listReplicas({ redis, keyPrefix });
    return found[0]?.state === 'lost' && found;
  });
  expect(lost).toMatchObject([{ instance: 'worker:h:1' }]);
  expect(lost[0]?.silentSeconds).toBeGreaterThanOrEqual(0.1);
});

test('of lost replicas the latest are listed, and all that live', async () => {
  const now = Date.now();
  const lost = Array.from({ length: 510 }, (_, at) => ({ instance: `gone-${at}`, ended: now - 60_000 + at }));
  for (const { instance, ended } of lost) {
    await redis.zadd(`${keyPrefix}:leases`, ended, instance);
    await redis.hset(`${keyPrefix}:reports`, instance, JSON.stringify({ service: 'worker', instance }));
  }
  cleanup.use(announce('worker:h:1'));
  const left = await poll(async () => {
    const found = await listReplicas({ redis, keyPrefix });
    return found.length === 500 && found;
  });
  const instances = left.map(({ instance }) => instance);
  expect(instances).toContain('worker:h:1');
  expect(instances).toContain('gone-509');
  expect(instances).not.toContain('gone-10');
  expect(await redis.hlen(`${keyPrefix}:reports`)).toBe(500);
});

test('what a service is told reaches its replicas, also one that comes later, until it is over', async () => {
  const heard = new Map<string, string | undefined>();
  const follow = (instance: string, service: string): void => {
    const replica = { service, instance, host: 'h', pid: 1, startedAt: new Date() };
    const onTold: AnnounceOptions['onTold'] = (told) => void heard.set(instance, told?.text);
    cleanup.use(announce(instance, { replica, onTold }));
  };
  follow('worker:h:1', 'worker');
  follow('api:h:1', 'api');
  await tellReplicas({ redis, keyPrefix, service: 'worker', told: { text: 'debug', lastsMs: 60_000 } });
  await poll(() => heard.get('worker:h:1') === 'debug');
  follow('worker:h:2', 'worker');
  await poll(() => heard.get('worker:h:2') === 'debug');
  await poll(() => heard.has('api:h:1'));
  expect(heard.get('api:h:1')).toBeUndefined();
  const told = await readTold({ redis, keyPrefix, service: 'worker' });
  expect(told?.text).toBe('debug');
  expect(told?.lastsMs).toBeGreaterThan(1000);
  expect(told?.lastsMs).toBeLessThanOrEqual(60_000);
  // Redis ends it.
  await tellReplicas({ redis, keyPrefix, service: 'worker', told: { text: 'debug', lastsMs: 50 } });
  await poll(() => heard.get('worker:h:1') === undefined && heard.get('worker:h:2') === undefined);
  expect(await readTold({ redis, keyPrefix, service: 'worker' })).toBeUndefined();
  await tellReplicas({ redis, keyPrefix, service: 'worker', told: { text: 'error', lastsMs: 60_000 } });
  await poll(() => heard.get('worker:h:1') === 'error');
  await tellReplicas({ redis, keyPrefix, service: 'worker', told: null });
  await poll(() => heard.get('worker:h:1') === undefined);
});

test('every replica hears each asking once, also one that came a little later', async () => {
  const heard = { one: 0, two: 0, late: 0 };
  cleanup.use(announce('worker:h:1', { on: { warm: () => void heard.one++ } }));
  cleanup.use(
    announce('worker:h:2', {
      on: { warm: () => void heard.two++, other: () => void (heard.two += 100) },
    }),
  );
  await askReplicas({ redis, keyPrefix, topic: 'warm' });
  await poll(() => heard.one === 1 && heard.two === 1);
  cleanup.use(announce('worker:h:3', { on: { warm: () => void heard.late++ } }));
  await poll(() => heard.late === 1);
  await askReplicas({ redis, keyPrefix, topic: 'warm' });
  await poll(() => heard.late === 2);
  await poll(() => heard.one === 2 && heard.two === 2);
  expect(heard).toEqual({ one: 2, two: 2, late: 2 });
});

test('what is no replica is not listed, and a listener that throws keeps no other from hearing', async () => {
  const now = Date.now() + 60_000;
  for (const [instance, text] of [
    ['a', '{}'],
    ['b', 'null'],
    ['c', '{"service":"worker","instance":"c"}'],
  ] as const) {
    await redis.zadd(`${keyPrefix}:leases`, now, instance);
    await redis.hset(`${keyPrefix}:reports`, instance, text);
  }
  expect(await listReplicas({ redis, keyPrefix })).toMatchObject([{ instance: 'c', report: {} }]);
  const errors: unknown[] = [];
  let heard = 0;
  const fails = (): void => {
    throw new Error('a listener at fault');
  };
  const on = { first: fails, second: () => void heard++, third: fails };
  cleanup.use(announce('worker:h:1', { on, onError: (error) => void errors.push(error) }));
  for (const topic of ['first', 'second', 'third']) await askReplicas({ redis, keyPrefix, topic });
  await poll(() => heard === 1 && errors.length === 2);
});
