import type { Redis } from 'ioredis';
import { countsKey, queueKey } from './queue-keys.ts';
import { DEAD_LETTER, queueNames, type QueueName } from './queue-table.ts';

export interface QueueDepths {
  waiting: number;
  active: number;
  delayed: number;
  /** Failed and on their way to the dead letter. */
  failed: number;
}

export interface QueueTotals {
  /** Since Redis has its data; over the business queues, each job once. */
  enqueued: number;
  completed: number;
  failed: number;
  deadLetter: number;
  queues: Record<
    QueueName,
    QueueDepths & {
      enqueued: number;
      completed: number;
      failedTotal: number;
      deadLetter: number;
      /** Nothing is taken from it until it is resumed. */
      paused: boolean;
      /**
       * How long the next job to be taken has waited since it was added, fell due or was last tried, whichever is latest; 0 where none
       * waits. A queue that is paused keeps its jobs where they are.
       */
      oldestAgeSeconds: number;
    }
  >;
  /** Jobs that wait in the dead letter for a person. */
  deadLetterDepth: number;
}

/**
 * What Redis itself knows, read in one transaction, so that `enqueued = completed + failed + waiting + active + delayed` holds in
 * every reading. Completed and failed are BullMQ's `metrics` counts: its finishing script adds to them, so they know final
 * outcomes only (an attempt that is retried goes through moveToDelayed or retryJob, which don't count).
 */
export async function readQueueTotals(redis: Redis, bullPrefix: string): Promise<QueueTotals> {
  const multi = redis
    .multi()
    .hgetall(countsKey(bullPrefix))
    .llen(queueKey(bullPrefix, DEAD_LETTER, 'wait'));
  for (const queue of queueNames) {
    multi
      .llen(queueKey(bullPrefix, queue, 'wait'))
      .llen(queueKey(bullPrefix, queue, 'paused'))
      .zcard(queueKey(bullPrefix, queue, 'prioritized'))
      .llen(queueKey(bullPrefix, queue, 'active'))
      .zcard(queueKey(bullPrefix, queue, 'delayed'))
      .zcard(queueKey(bullPrefix, queue, 'failed'))
      .hget(queueKey(bullPrefix, queue, 'metrics:completed'), 'count')
      .hget(queueKey(bullPrefix, queue, 'metrics:failed'), 'count')
      .hexists(queueKey(bullPrefix, queue, 'meta'), 'paused')
      .lindex(queueKey(bullPrefix, queue, 'wait'), '-1');
  }
  const replies = await multi.exec();
  if (replies === null) throw new Error('Redis discarded a transaction');
  const values = replies.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
  const counts = values[0] as Record<string, string>;
  const perQueue = 10;
  const totals: QueueTotals = {
    enqueued: 0,
    completed: 0,
    failed: 0,
    deadLetter: 0,
    queues: {} as QueueTotals['queues'],
    deadLetterDepth: Number(values[1]),
  };
  const oldest = queueNames.map((_, index) => values[1 + (index + 1) * perQueue] as string | null);
  const ages = await readAges(redis, bullPrefix, oldest);
  for (const [index, queue] of queueNames.entries()) {
    const at = 2 + index * perQueue;
    const [wait, paused, prioritized, active, delayed, failed, completed, failedTotal, isPaused] = values
      .slice(at, at + perQueue - 1)
      .map((value) => Number(value ?? 0)) as Counts;
    const deadLetter = Number(counts[`dead_letter:${queue}`] ?? 0);
    const enqueued = Number(counts[`enqueued:${queue}`] ?? 0);
    totals.queues[queue] = {
      waiting: wait + paused + prioritized,
      active,
      delayed,
      failed,
      enqueued,
      completed,
      failedTotal,
      deadLetter,
      paused: isPaused === 1,
      oldestAgeSeconds: ages[index]!,
    };
    totals.enqueued += enqueued;
    totals.completed += completed;
    totals.failed += failedTotal;
    totals.deadLetter += deadLetter;
  }
  return totals;
}

type Counts = [number, number, number, number, number, number, number, number, number];

/** One that was taken since waits no more. */
async function readAges(
  redis: Redis,
  bullPrefix: string,
  oldest: readonly (string | null)[],
): Promise<number[]> {
  const now = Date.now();
  return Promise.all(
    queueNames.map(async (queue, index) => {
      const id = oldest[index];
      if (id == null) return 0;
      const fields = await redis.hmget(queueKey(bullPrefix, queue, id), 'timestamp', 'opts', 'processedOn');
      const since = waitingSince(fields);
      return since === undefined ? 0 : Math.max(0, now - since) / 1000;
    }),
  );
}

/**
 * Since when a job that waits could be taken, in Unix ms, by its hash. BullMQ forgets a delay when it is over, and when: of a retry or a
 * hand-back the try before is left, so that their delay counts.
 */
export function waitingSince([timestamp, opts, processedOn]: (string | null)[]): number | undefined {
  if (timestamp == null) return undefined;
  const { delay = 0 } = JSON.parse(opts ?? '{}') as { delay?: number };
  return Math.max(Number(timestamp) + delay, Number(processedOn ?? 0));
}
