import { randomUUID } from 'node:crypto';
import { poll } from '@prosaas/devstack';
import { SlotPool, type SlotTotals, readSlotTotals } from '@prosaas/leases';
import {
  type QueueTotals,
  createDeadLetterMover,
  createProducer,
  openQueueControl,
  readQueueTotals,
} from '@prosaas/queues';
import { type createRedis, createLogger, identify, keyspace } from '@prosaas/runtime';
import { createSystemReader, startTelemetry } from '@prosaas/telemetry';

type Client = ReturnType<typeof createRedis>;

const keys = keyspace('prosaas');
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** What a stack has in its Redis that must outlive each restart. */
export interface RedisContents {
  counters: Record<string, number>;
  since: number;
  queues: QueueTotals;
  calls: SlotTotals;
}

/**
 * Adds three jobs that fail and go to the dead letter, two jobs in a queue that is paused, five messages that are counted, and three
 * calls of which one has ended.
 */
export async function fillRedis(redis: Client, url: string): Promise<void> {
  const { bullPrefix } = keys;
  await using producer = createProducer({ redis, bullPrefix });
  await using control = openQueueControl({ redis, bullPrefix });
  await using mover = createDeadLetterMover({ redis, bullPrefix, onDead: async () => {} });
  const add = async (queue: 'inbound-messages' | 'outbound-messages'): Promise<void> => {
    const key = randomUUID();
    const payload = { messageId: key, conversationId: randomUUID(), businessId: 'default' };
    await producer.enqueue(queue, { key, payload });
  };
  for (let job = 0; job < 3; job += 1) await add('inbound-messages');
  await control.drain('inbound-messages');
  await mover.sweep();
  await control.pause('outbound-messages');
  for (let job = 0; job < 2; job += 1) await add('outbound-messages');

  const calls = new SlotPool({ redis, keyPrefix: keys.key('calls'), limit: 15, leaseMs: 600_000 });
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  for (const id of ids) await calls.acquire(id);
  await calls.release(ids[0]!, { outcome: 'completed', reason: 'hung_up' });

  await using telemetry = startTelemetry({
    config: { REDIS_URL: url, REDIS_NAMESPACE: 'prosaas' },
    identity: identify('baileys'),
    log,
  });
  telemetry.metrics.counter('whatsapp_inbound_messages').add(5);
  await poll(async () => (await readRedis(redis)).counters['whatsapp_inbound_messages'] === 5, {
    what: 'the counts to be published',
  });
}

export async function readRedis(redis: Client): Promise<RedisContents> {
  await using reader = createSystemReader({ redis, keyspace: keys, onError: () => {} });
  const { counters, since } = await reader.read();
  const queues = await readQueueTotals(redis, keys.bullPrefix);
  // They grow while nothing changes.
  for (const queue of Object.values(queues.queues)) queue.oldestAgeSeconds = 0;
  return { counters, since, queues, calls: await readSlotTotals(redis, keys.key('calls')) };
}
