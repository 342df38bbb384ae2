import type { JobRef } from '@prosaas/database';
import { redisTime } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { QueuesUnavailable } from './bull-handle.ts';
import { bullJobId } from './bull-job.ts';
import { dueAt } from './job-reader.ts';
import { queueKey } from './queue-keys.ts';
import { type QueueName, queueTable } from './queue-table.ts';

/** Beyond this no job of the queue waits in BullMQ for its next attempt; what is requeued without one waits half a minute at most. */
function maxDelayMs(queue: QueueName): number {
  const { attempts, backoff } = queueTable[queue];
  return Math.max(60_000, 2 * backoff.delayMs * 2 ** (attempts - 2));
}

/**
 * Those of the jobs that BullMQ does not have, or has as ended, or delays for longer than anything is delayed, because the clock that
 * the delay was added to was wrong. BullMQ's `getState` tells the same by a script that walks the list of
 * waiting jobs, which is too much for thousands of jobs: this asks for the job's key and its place in the sets.
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
    throw new QueuesUnavailable('Redis did not say which jobs are there');
  const values = replies.map(([, value]) => value);
  return jobs.filter(({ queue }, index) => {
    const latest = now + maxDelayMs(queue as QueueName);
    const [exists, completed, failed, delayed] = values.slice(4 * index, 4 * index + 4);
    const isLate = typeof delayed === 'string' && dueAt(Number(delayed)).getTime() > latest;
    return exists !== 1 || completed !== null || failed !== null || isLate;
  });
}
