import { type RedisServer, poll, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RegisterReplicaOptions, type ServiceSetting, registerReplica } from './register-replica.ts';
import { notifyReplicas, listReplicas, readServiceSetting, setServiceSetting } from './list.ts';

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

function register(instance: string, options: Partial<RegisterReplicaOptions> = {}): AsyncDisposable {
  const replica = { service: 'worker', instance, host: 'h', pid: 1, startedAt: new Date(1_700_000_000_000) };
  return registerReplica({
    redis,
    keyPrefix,
    replica,
    report: () => ({}),
    everyMs: 20,
    leaseMs: 300,
    ...options,
  });
}

test('lists a replica with its latest report until it leaves', async () => {
  let agent = 'cold';
  const replica = register('worker:h:1', { report: () => ({ agent }) });
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

test('a replica whose lease ran out is lost', async () => {
  cleanup.use(register('worker:h:1', { everyMs: 3_600_000, leaseMs: 100 }));
  const lost = await poll(async () => {
    const found = await listReplicas({ redis, keyPrefix });
    return found[0]?.state === 'lost' && found;
  });
  expect(lost).toMatchObject([{ instance: 'worker:h:1' }]);
  expect(lost[0]?.silentSeconds).toBeGreaterThanOrEqual(0.1);
});

test('lists every live replica, and the latest of more than 500 lost ones', async () => {
  const now = Date.now();
  const lost = Array.from({ length: 510 }, (_, at) => ({ instance: `gone-${at}`, ended: now - 60_000 + at }));
  for (const { instance, ended } of lost) {
    await redis.zadd(`${keyPrefix}:leases`, ended, instance);
    await redis.hset(`${keyPrefix}:reports`, instance, JSON.stringify({ service: 'worker', instance }));
  }
  cleanup.use(register('worker:h:1'));
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

test('a service setting reaches all its replicas, also later ones, until it expires or is removed', async () => {
  const received = new Map<string, string | undefined>();
  const follow = (instance: string, service: string): void => {
    const replica = { service, instance, host: 'h', pid: 1, startedAt: new Date() };
    const onSetting: RegisterReplicaOptions['onSetting'] = (setting) =>
      void received.set(instance, setting?.value);
    cleanup.use(register(instance, { replica, onSetting }));
  };
  const set = (setting: ServiceSetting | null): Promise<void> =>
    setServiceSetting({ redis, keyPrefix, service: 'worker', setting });
  const read = (): Promise<ServiceSetting | undefined> =>
    readServiceSetting({ redis, keyPrefix, service: 'worker' });
  follow('worker:h:1', 'worker');
  follow('api:h:1', 'api');
  await set({ value: 'debug', ttlMs: 60_000 });
  await poll(() => received.get('worker:h:1') === 'debug');
  follow('worker:h:2', 'worker');
  await poll(() => received.get('worker:h:2') === 'debug');
  await poll(() => received.has('api:h:1'));
  expect(received.get('api:h:1')).toBeUndefined();
  const setting = await read();
  expect(setting?.value).toBe('debug');
  expect(setting?.ttlMs).toBeGreaterThan(1000);
  expect(setting?.ttlMs).toBeLessThanOrEqual(60_000);
  await set({ value: 'debug', ttlMs: 50 });
  await poll(() => received.get('worker:h:1') === undefined && received.get('worker:h:2') === undefined);
  expect(await read()).toBeUndefined();
  await set({ value: 'error', ttlMs: 60_000 });
  await poll(() => received.get('worker:h:1') === 'error');
  await set(null);
  await poll(() => received.get('worker:h:1') === undefined);
});

test('every replica handles each notification once, also one that registers a little later', async () => {
  const handled = { one: 0, two: 0, late: 0 };
  cleanup.use(register('worker:h:1', { on: { warm: () => void handled.one++ } }));
  cleanup.use(
    register('worker:h:2', {
      on: { warm: () => void handled.two++, other: () => void (handled.two += 100) },
    }),
  );
  await notifyReplicas({ redis, keyPrefix, topic: 'warm' });
  await poll(() => handled.one === 1 && handled.two === 1);
  cleanup.use(register('worker:h:3', { on: { warm: () => void handled.late++ } }));
  await poll(() => handled.late === 1);
  await notifyReplicas({ redis, keyPrefix, topic: 'warm' });
  await poll(() => handled.late === 2);
  await poll(() => handled.one === 2 && handled.two === 2);
  expect(handled).toEqual({ one: 2, two: 2, late: 2 });
});

test('records that identify no replica are not listed', async () => {
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
});

test('a handler that throws does not keep the others from running', async () => {
  const errors: unknown[] = [];
  let handled = 0;
  const fails = (): void => {
    throw new Error('a faulty handler');
  };
  const on = { first: fails, second: () => void handled++, third: fails };
  cleanup.use(register('worker:h:1', { on, onError: (error) => void errors.push(error) }));
  for (const topic of ['first', 'second', 'third']) await notifyReplicas({ redis, keyPrefix, topic });
  await poll(() => handled === 1 && errors.length === 2);
});
