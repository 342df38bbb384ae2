import { randomUUID } from 'node:crypto';
import type { ReleasedJob } from '@prosaas/database';
import { poll, startRedis } from '@prosaas/devstack';
import { SlotPool } from '@prosaas/leases';
import { type MetricsReader, listReplicas } from '@prosaas/observability';
import { createRelay, publishRowFigures } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, identify, keyspace, redisReady } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { callMetrics } from './call-metrics.ts';
import { conversationMetrics } from './conversation-metrics.ts';
import { businessMetricNames } from './catalogue.ts';
import { queueMetrics } from './queue-metrics.ts';
import { createSystemReader } from './system-reader.ts';
import { startTelemetry } from './telemetry.ts';
import { whatsAppMetrics } from './whatsapp-metrics.ts';

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

/** A reader over a Redis of the test's own. */
async function openReader(
  stack: AsyncDisposableStack,
): Promise<{ redis: ReturnType<typeof createRedis>; reader: MetricsReader; url: string }> {
  const { url } = stack.use(await startRedis());
  const redis = stack.adopt(createRedis({ url, name: 'test', role: 'commands', log }), closeRedis);
  await redisReady(redis);
  return { redis, reader: stack.use(createSystemReader({ redis, keyspace: keys, onError: () => {} })), url };
}

test('the reader adds up what services count and what Redis knows, all twelve metrics, from zero', async () => {
  await using stack = new AsyncDisposableStack();
  const { redis, reader, url } = await openReader(stack);
  const config = { REDIS_URL: url, REDIS_NAMESPACE: 'prosaas', BUILD_NUMBER: 7, GIT_COMMIT: 'abc' };
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
  expect(businessMetricNames.toSorted()).toEqual(
    Object.keys({ ...zeros.counters, ...zeros.gauges })
      .filter(
        (name) =>
          !/^(?:http|process)_/.test(name) &&
          !Object.hasOwn(
            { ...callMetrics, ...conversationMetrics, ...queueMetrics, ...whatsAppMetrics },
            name,
          ),
      )
      .toSorted(),
  );

  const services = ['baileys', 'baileys', 'worker'].map((name) =>
    startTelemetry({ config, identity: identify(name), log }),
  );
  for (const { metrics } of services) metrics.counter('whatsapp_inbound_messages').add(2);
  services[2]?.announce({ report: () => ({ agent: 'warm' }) });
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
    report: { agent: 'warm', build: 7, commit: 'abc', draining: false, log_level: 'silent' },
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

test('a reading is not complete while the totals of jobs or of calls are below what was seen', async () => {
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

test('figures of the jobs in PostgreSQL are shown while somebody measures them', async () => {
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
  await publishRowFigures(redis, keys.bullPrefix, { 'outbound-messages': counts }, waiting);
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
