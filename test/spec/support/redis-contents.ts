import { randomUUID } from 'node:crypto';
import { poll } from '@prosaas/devstack';
import { SlotPool, type SlotTotals, readSlotTotals } from '@prosaas/leases';
import { type QueueName, type QueueTotals, createRelay, openBull, readQueueTotals } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, identify, keyspace } from '@prosaas/runtime';
import { createSystemMetricsReader, startTelemetry } from '@prosaas/telemetry';
import { UnrecoverableError, Worker } from 'bullmq';

type Client = ReturnType<typeof createRedis>;

const keys = keyspace('prosaas');
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** What a restart of Redis must keep. */
export interface RedisContents {
  counters: Record<string, number>;
  since: number;
  queues: QueueTotals;
  calls: SlotTotals;
}

/**
 * Adds three jobs that fail, two jobs in a paused queue, five counted messages, and three calls, one of which has ended.
 */
export async function fillRedis(redis: Client, url: string): Promise<void> {
  const { bullPrefix } = keys;
  await using bull = openBull(redis, bullPrefix);
  await using relay = createRelay({ redis, bullPrefix, log });
  const add = (queue: QueueName, ids: readonly string[]): void => {
    const job = { release: 1, queue, payload: {}, trace: null, worker_deaths: 0, read_ms: Date.now() };
    relay.enqueue(ids.map((id) => ({ id, ...job })));
  };
  add('inbound-messages', ['1', '2', '3']);
  const blocking = createRedis({ url, name: 'test', role: 'blocking', log });
  const failing = new Worker('inbound-messages', () => Promise.reject(new UnrecoverableError('no')), {
    connection: blocking,
    prefix: bullPrefix,
    metrics: { maxDataPoints: 60 },
  });
  await poll(async () => (await readQueueTotals(redis, bullPrefix)).failed === 3, { what: 'jobs to fail' });
  await failing.close();
  await closeRedis(blocking);
  await (await bull.queue('outbound-messages')).pause();
  add('outbound-messages', ['4', '5']);
  await poll(
    async () => (await readQueueTotals(redis, bullPrefix)).queues['outbound-messages'].waiting === 2,
    { what: 'jobs to wait' },
  );

  const calls = new SlotPool({ redis, keyPrefix: keys.key('calls'), limit: 15, leaseMs: 600_000 });
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  for (const id of ids) await calls.acquire(id);
  await calls.release(ids[0]!, { outcome: 'completed', reason: 'hung_up' });

  await using telemetry = startTelemetry({
    config: { REDIS_URL: url, REDIS_NAMESPACE: 'prosaas', BUILD_NUMBER: 0, GIT_COMMIT: 'unknown' },
    identity: identify('baileys'),
    log,
  });
  telemetry.metrics.counter('whatsapp_inbound_messages').add(5);
  await poll(async () => (await readRedis(redis)).counters['whatsapp_inbound_messages'] === 5, {
    what: 'the counts to be published',
  });
}

export async function readRedis(redis: Client): Promise<RedisContents> {
  await using reader = createSystemMetricsReader({ redis, keyspace: keys, onError: () => {} });
  const { counters, since } = await reader.read();
  const queues = await readQueueTotals(redis, keys.bullPrefix);
  // Ages grow without a change.
  for (const queue of Object.values(queues.queues)) queue.oldestAgeSeconds = 0;
  return { counters, since, queues, calls: await readSlotTotals(redis, keys.key('calls')) };
}
