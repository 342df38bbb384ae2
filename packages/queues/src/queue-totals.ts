import { redisTime } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { countsKey, queueKey } from './queue-keys.ts';
import { queueNames, type QueueName } from './queue-table.ts';

export interface QueueDepths {
  waiting: number;
  active: number;
  delayed: number;
}

interface QueueCounts extends QueueDepths {
  enqueued: number;
  completed: number;
  /** Jobs that are, or were, in the dead letter. */
  failed: number;
  /** Workers take no jobs until the queue is resumed. */
  paused: boolean;
  /**
   * How long the next job to be taken has waited since it was added or last tried, whichever is later; 0 if none waits. Jobs of a paused
   * queue count too.
   */
  oldestAgeSeconds: number;
}

export interface QueueTotals {
  /** Sum over all queues since Redis has its data, each job once. */
  enqueued: number;
  completed: number;
  failed: number;
  queues: Record<QueueName, QueueCounts>;
}

/**
 * Reads the counts of all queues from Redis in one transaction. `completed` and `failed` are BullMQ's `metrics` counts. Its finishing script
 * increments them, so they count final outcomes only (a retried attempt goes through moveToDelayed) and stay exact when a worker is killed.
 * `enqueued` is the sum of finished and present jobs: no job leaves a queue in another way. PostgreSQL keeps counts of its own
 * (`readJobCounts`).
 */
export async function readQueueTotals(redis: Redis, bullPrefix: string): Promise<QueueTotals> {
  const multi = redis.multi().hgetall(countsKey(bullPrefix));
  for (const queue of queueNames) {
    multi
      .llen(queueKey(bullPrefix, queue, 'wait'))
      .llen(queueKey(bullPrefix, queue, 'paused'))
      .zcard(queueKey(bullPrefix, queue, 'prioritized'))
      .llen(queueKey(bullPrefix, queue, 'active'))
      .zcard(queueKey(bullPrefix, queue, 'delayed'))
      .hget(queueKey(bullPrefix, queue, 'metrics:completed'), 'count')
      .hget(queueKey(bullPrefix, queue, 'metrics:failed'), 'count')
      .hexists(queueKey(bullPrefix, queue, 'meta'), 'paused')
      .lindex(queueKey(bullPrefix, queue, 'wait'), '-1');
  }
  const replies = await multi.exec();
  if (replies === null) throw new Error('Redis discarded a transaction');
  const [counts, ...values] = replies.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
  const perQueue = 9;
  const drained = counts as Record<string, string>;
  const totals: QueueTotals = { enqueued: 0, completed: 0, failed: 0, queues: {} as QueueTotals['queues'] };
  const oldest = queueNames.map((_, index) => values[(index + 1) * perQueue - 1] as string | null);
  const ages = await readAges(redis, bullPrefix, oldest);
  for (const [index, queue] of queueNames.entries()) {
    const at = index * perQueue;
    const [wait, paused, prioritized, active, delayed, completed, ended, isPaused] = values
      .slice(at, at + perQueue - 1)
      .map((value) => Number(value ?? 0)) as Counts;
    const waiting = wait + paused + prioritized;
    const failed = ended + Number(drained[`drained:${queue}`] ?? 0);
    const enqueued = completed + failed + waiting + active + delayed;
    totals.queues[queue] = {
      waiting,
      active,
      delayed,
      enqueued,
      completed,
      failed,
      paused: isPaused === 1,
      oldestAgeSeconds: ages[index]!,
    };
    totals.enqueued += enqueued;
    totals.completed += completed;
    totals.failed += failed;
  }
  return totals;
}

type Counts = [number, number, number, number, number, number, number, number];

/** Measured by Redis' clock. A `processedOn` in the future comes from a worker whose clock is ahead, and is ignored. */
async function readAges(
  redis: Redis,
  bullPrefix: string,
  oldest: readonly (string | null)[],
): Promise<number[]> {
  const now = await redisTime(redis);
  return Promise.all(
    queueNames.map(async (queue, index) => {
      const id = oldest[index];
      if (id == null) return 0;
      const [added, tried] = await redis.hmget(queueKey(bullPrefix, queue, id), 'timestamp', 'processedOn');
      const triedAt = Number(tried ?? 0) > now ? 0 : Number(tried ?? 0);
      return added == null ? 0 : Math.max(0, now - Math.max(Number(added), triedAt)) / 1000;
    }),
  );
}
