import type { JobRef } from '@prosaas/database';
import { redisTime } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { QueuesUnavailable } from './bull-handle.ts';
import { bullJobId } from './bull-job.ts';
import { dueAt } from './job-reader.ts';
import { queueKey } from './queue-keys.ts';
import { type QueueName, queueTable } from './queue-table.ts';

/**
 * Upper bound of a regular delay in BullMQ: twice the longest backoff of the queue, and at least a minute (a requeue without a used attempt
 * waits 30 s at most).
 */
function maxDelayMs(queue: QueueName): number {
  const { attempts, backoff } = queueTable[queue];
  return Math.max(60_000, 2 * backoff.delayMs * 2 ** (attempts - 2));
}

/**
 * Returns the open jobs that BullMQ will not run: jobs that it does not have, has as finished, or delays beyond any regular delay (a
 * worker's clock was ahead). BullMQ's `getState` scans the list of waiting jobs, which is too slow for thousands of jobs; this reads each
 * job's key and its scores in the sorted sets instead.
 *
 * @throws QueuesUnavailable
 */
export async function findLostJobs<J extends JobRef & { queue: string }>(
  redis: Redis,
  bullPrefix: string,
  jobs: readonly J[],
): Promise<J[]> {
  const now = await redisTime(redis).catch(() => undefined);
  const pipeline = redis.pipeline();
  for (const job of jobs) {
    const [queue, id] = [job.queue as QueueName, bullJobId(job)];
    pipeline
      .exists(queueKey(bullPrefix, queue, id))
      .zscore(queueKey(bullPrefix, queue, 'completed'), id)
      .zscore(queueKey(bullPrefix, queue, 'failed'), id)
      .zscore(queueKey(bullPrefix, queue, 'delayed'), id);
  }
  const replies = await pipeline.exec().catch(() => null);
  if (now === undefined || !replies || replies.some(([error]) => error))
    throw new QueuesUnavailable('Redis could not be asked which jobs it has');
  const values = replies.map(([, value]) => value);
  return jobs.filter(({ queue }, index) => {
    const latest = now + maxDelayMs(queue as QueueName);
    const [exists, completed, failed, delayed] = values.slice(4 * index, 4 * index + 4);
    const isLate = typeof delayed === 'string' && dueAt(Number(delayed)).getTime() > latest;
    return exists !== 1 || completed !== null || failed !== null || isLate;
  });
}
