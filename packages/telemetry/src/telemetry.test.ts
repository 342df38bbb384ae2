import { randomUUID } from 'node:crypto';
import type { ReleasedJob } from '@prosaas/database';
import { poll, startRedis } from '@prosaas/devstack';
import { SlotPool } from '@prosaas/leases';
import { HealthRegistry, type MetricsReader, listReplicas } from '@prosaas/observability';
import { createRelay, publishDatabaseStats } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, identify, keyspace, redisReady } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { businessMetricNames, catalogue } from './catalogue.ts';
import { exposeHealthMetrics } from './bind-service-metrics.ts';
import { publishSystemStats } from './system-stats.ts';
import { createSystemMetricsReader } from './system-reader.ts';
import { startTelemetry } from './telemetry.ts';

const released = (id: string): ReleasedJob => ({
  id,
  release: 1,
  queue: 'inbound-messages',
  payload: {},
  trace: null,
  worker_deaths: 0,
  read_ms: Date.now(),
});
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const keys = keyspace('prosaas');

/** Starts a Redis and a metrics reader for it. */
async function openReader(
  stack: AsyncDisposableStack,
): Promise<{ redis: ReturnType<typeof createRedis>; reader: MetricsReader; url: string }> {
  const { url } = stack.use(await startRedis());
  const redis = stack.adopt(createRedis({ url, name: 'test', role: 'commands', log }), closeRedis);
  await redisReady(redis);
  return {
    redis,
    reader: stack.use(createSystemMetricsReader({ redis, keyspace: keys, onError: () => {} })),
    url,
  };
}

test('the reader adds up the counts of all services and of Redis, and shows all twelve metrics from the start', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader, url } = await openReader(stack);
  const config = { REDIS_URL: url, REDIS_NAMESPACE: 'prosaas', BUILD_NUMBER: 59, GIT_COMMIT: 'abc1234' };
  const zeros = await reader.read();
  expect(zeros.counters).toMatchObject({
    whatsapp_inbound_messages: 0,
    whatsapp_outbound_messages: 0,
    whatsapp_errors: 0,
    calls_started: 0,
    calls_completed: 0,
    calls_rejected_max_concurrent: 0,
    calls_errors: 0,
    queue_jobs_enqueued: 0,
    queue_jobs_completed: 0,
    queue_jobs_failed: 0,
    queue_jobs_dead_letter: 0,
  });
  expect(zeros.gauges).toMatchObject({ calls_active: 0 });
  const names = Object.keys({ ...zeros.counters, ...zeros.gauges });
  expect(names).toEqual(expect.arrayContaining([...businessMetricNames]));
  expect(Object.keys(catalogue)).toEqual(expect.arrayContaining(names));

  const services = ['baileys', 'baileys', 'worker'].map((name) =>
    startTelemetry({ config, identity: identify(name), log }),
  );
  for (const { metrics } of services) metrics.counter('whatsapp_inbound_messages').add(2);
  services[2]?.registerReplica({ report: () => ({ agent: 'warm' }) });
  const relay = stack.use(createRelay({ redis, bullPrefix: keys.bullPrefix, log }));
  relay.enqueue([released('1')]);
  await poll(
    async () => {
      const { counters } = await reader.read();
      return counters['whatsapp_inbound_messages'] === 6 && counters['queue_jobs_enqueued'] === 1;
    },
    { what: 'three publications and a job' },
  );
  const replicas = await poll(async () => {
    const found = await listReplicas({ redis, keyPrefix: keys.key('replicas') });
    return found.length === 1 ? found : undefined;
  });
  expect(replicas[0]).toMatchObject({
    service: 'worker',
    report: { agent: 'warm', build: 59, commit: 'abc1234', draining: false, log_level: 'silent' },
  });
  services[2]?.drain();
  const drained = await poll(async () => {
    const [found] = await listReplicas({ redis, keyPrefix: keys.key('replicas') });
    return found?.report['draining'] === true && found.report;
  });
  for (const name of ['uptime_seconds', 'resident_memory_bytes', 'heap_used_bytes'])
    expect([name, Number(drained[name])]).toEqual([name, expect.toSatisfy((value: number) => value > 0)]);

  await Promise.all(services.map((service) => service[Symbol.asyncDispose]()));
  const after = await reader.read();
  expect(after.counters['whatsapp_inbound_messages']).toBe(6);
  expect(after.sources).toEqual([]);
});

test('a reading is incomplete while the totals of jobs or calls are below earlier ones', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader } = await openReader(stack);
  const drained = `${keys.bullPrefix}:queue-counts`;
  const drain = (): Promise<unknown> => redis.hincrby(drained, 'drained:inbound-messages', 1);
  const pool = new SlotPool({ redis, keyPrefix: keys.key('calls'), limit: 15, leaseMs: 60_000 });
  const call = (): Promise<unknown> => pool.acquire(randomUUID());
  await drain();
  await call();
  const seen = await poll(
    async () => {
      const reading = await reader.read();
      return reading.complete && reading;
    },
    { what: 'a complete reading' },
  );
  expect(seen.counters).toMatchObject({ queue_jobs_enqueued: 1, calls_started: 1 });

  for (const [key, again] of [
    [drained, drain],
    [keys.key('calls', 'totals'), call],
  ] as const) {
    expect(await redis.del(key)).toBe(1);
    const fallen = await reader.read();
    expect([fallen.counters, fallen.complete]).toEqual([seen.counters, false]);
    await again();
    const { counters, complete, since } = await reader.read();
    expect([counters, complete, since]).toEqual([seen.counters, true, seen.since]);
  }
});

test('shows the counts of jobs in PostgreSQL while an api publishes them', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader } = await openReader(stack);
  const unknown = await reader.read();
  expect(Object.keys(unknown.gauges)).not.toContain('queue_dead_letter_depth');
  const states = unknown.labels['queue_jobs']?.map(({ labels }) => labels['state']);
  expect(new Set(states)).toEqual(new Set(['waiting', 'active', 'delayed']));

  const counts = {
    inserted: 9,
    closed: 0,
    failed: 4,
    open: 5,
    pending: 3,
    pending_age_seconds: 1.5,
    dead: 4,
  };
  const waiting = { conversations: 2, oldest_age_seconds: 70 };
  await publishDatabaseStats(redis, keys.bullPrefix, { 'outbound-messages': counts }, waiting);
  const { gauges, labels } = await reader.read();
  expect(gauges).toMatchObject({
    queue_dead_letter_depth: 4,
    queue_jobs: 3,
    queue_oldest_job_age_seconds: 1.5,
    customers_waiting: 2,
    customers_waiting_oldest_age_seconds: 70,
  });
  const queue = 'outbound-messages';
  expect(labels['queue_jobs']).toContainEqual({ labels: { queue, state: 'pending' }, value: 3 });
  expect(labels['queue_oldest_job_age_seconds']).toContainEqual({ labels: { queue }, value: 1.5 });
  expect(await redis.pttl(`${keys.bullPrefix}:job-rows`)).toBeGreaterThan(10_000);
});

test('shows system-wide metrics once, while an api publishes them', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader } = await openReader(stack);
  const before = await reader.read();
  expect(before.gauges).not.toHaveProperty('conversations');
  expect(before.gauges).not.toHaveProperty('redis_memory_max_bytes');
  expect(before.gauges['redis_memory_used_bytes']).toBeGreaterThan(100_000);

  await redis.config('SET', 'maxmemory', '64mb');
  const stats = {
    conversations: { agent: 3, waiting: 1 },
    connections: { used: 12, allowed: 100 },
    sessions: { WORKING: 2, FAILED: 0 },
  };
  // Two replicas of the api publish the same.
  for (let api = 0; api < 2; api += 1) await publishSystemStats(redis, keys, stats);
  const { gauges, labels } = await reader.read();
  expect(gauges).toMatchObject({
    conversations: 4,
    postgres_connections: 12,
    postgres_max_connections: 100,
    whatsapp_sessions: 2,
    redis_memory_max_bytes: 64 * 2 ** 20,
  });
  expect(labels['whatsapp_sessions']).toEqual([
    { labels: { state: 'WORKING' }, value: 2 },
    { labels: { state: 'FAILED' }, value: 0 },
  ]);
  expect(await redis.pttl(keys.key('system-stats'))).toBeGreaterThan(10_000);

  await publishSystemStats(redis, keys, { connections: { used: 12, allowed: 100 } });
  const unknown = await reader.read();
  expect(unknown.gauges).not.toHaveProperty('conversations');
  expect(unknown.gauges).not.toHaveProperty('whatsapp_sessions');
});

test('counts workers by state, with the age of the latest heartbeat', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader } = await openReader(stack);
  const none = await reader.read();
  expect(none.gauges).not.toHaveProperty('worker_heartbeat_age_seconds');
  expect(none.labels['workers']).toEqual(
    ['live', 'lost', 'never_beat'].map((state) => ({ labels: { state }, value: 0 })),
  );
  const now = Number((await redis.time())[0]);
  for (const [instance, ago] of [
    ['a', 1000],
    ['b', 2000],
  ] as const) {
    const beat = { instance, beat_at: now - ago, queues: {} };
    await redis.set(`${keys.heartbeat}:${instance}`, JSON.stringify(beat));
    await redis.zadd(`${keys.heartbeat}:replicas`, now, instance);
  }
  const { gauges, labels } = await reader.read();
  expect(labels['workers']).toContainEqual({ labels: { state: 'lost' }, value: 2 });
  expect(gauges['worker_heartbeat_age_seconds']).toBeGreaterThanOrEqual(1000);
  expect(gauges['worker_heartbeat_age_seconds']).toBeLessThan(1600);
});

test('a Redis that forbids INFO fails no reading', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader } = await openReader(stack);
  await redis.acl('SETUSER', 'default', '-info');
  const { gauges } = await reader.read();
  expect(gauges).not.toHaveProperty('redis_memory_used_bytes');
  expect(gauges['calls_active']).toBe(0);
});

test('shows the build of a service, and each health check from its first result on', async () => {
  await using stack = new AsyncDisposableStack();
  const { reader, url } = await openReader(stack);
  const config = { REDIS_URL: url, REDIS_NAMESPACE: 'prosaas', BUILD_NUMBER: 59, GIT_COMMIT: 'abc1234' };
  const identity = identify('api');
  const { metrics } = stack.use(startTelemetry({ config, identity, log }));
  let failing = false;
  const health = stack.use(new HealthRegistry({ intervalMs: 20 }));
  const run = (): { status: 'warn'; reason: string } => {
    if (failing) throw new Error('no');
    return { status: 'warn', reason: 'odd' };
  };
  health.register({ name: 'thing', componentType: 'component', run });
  exposeHealthMetrics(metrics, identity, health);
  const stateOf = async (): Promise<string | undefined> => {
    const { labels } = await reader.read();
    return labels['health_check_state']
      ?.filter(({ value }) => value === 1)
      .map(({ labels: { check, service, state } }) => `${service} ${check} ${state}`)
      .join();
  };
  await poll(async () => (await reader.read()).labels['build_info'] !== undefined, { what: 'a word' });
  expect(await stateOf()).toBeUndefined();
  health.start();
  await poll(async () => (await stateOf()) === 'api thing warn', { what: 'a check that warns' });
  failing = true;
  await poll(async () => (await stateOf()) === 'api thing fail', { what: 'a check that fails' });
  expect((await reader.read()).labels['build_info']).toEqual([
    { labels: { service: 'api', version: expect.any(String), build: '59', commit: 'abc1234' }, value: 1 },
  ]);
});
