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
  /** Each of them is in the dead letter, or was. */
  failed: number;
  /** Nothing is taken from it until it is resumed. */
  paused: boolean;
  /**
   * How long the next job to be taken has waited since it was added or last tried, whichever is later; 0 where none waits. A queue
   * that is paused keeps its jobs where they are.
   */
  oldestAgeSeconds: number;
}

export interface QueueTotals {
  /** Since Redis has its data; over the business queues, each job once. */
  enqueued: number;
  completed: number;
  failed: number;
  queues: Record<QueueName, QueueCounts>;
}

/**
 * What Redis itself knows, read in one transaction. Completed and failed are BullMQ's `metrics` counts: its finishing script adds to
 * them, so they know final outcomes only (an attempt that is retried goes through moveToDelayed, which does not count), and are exact
 * when a worker is killed. Enqueued is the sum of what ended and what is there: nothing leaves a queue in another way. A count of
 * its own is kept in PostgreSQL (`readJobCounts`).
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

/** By Redis' clock. One that was taken since waits no more; a worker whose clock is ahead tells nothing of when it tried. */
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
