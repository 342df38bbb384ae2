import type { JobRef } from '@prosaas/database';
import type { Redis } from 'ioredis';
import { QueuesUnavailable } from './bull-handle.ts';
import { bullJobId } from './bull-job.ts';
import { dueAt } from './job-reader.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

/** Nothing waits longer in BullMQ for its next attempt. */
const MOST_DELAY_MS = 120_000;

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
  const time = await redis.time().catch(() => undefined);
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
  if (!time || !replies || replies.some(([error]) => error))
    throw new QueuesUnavailable('Redis did not say which jobs are there');
  const latest = Number(time[0]) * 1000 + MOST_DELAY_MS;
  const values = replies.map(([, value]) => value);
  return jobs.filter((_job, index) => {
    const [exists, completed, failed, delayed] = values.slice(4 * index, 4 * index + 4);
    const isLate = typeof delayed === 'string' && dueAt(Number(delayed)).getTime() > latest;
    return exists !== 1 || completed !== null || failed !== null || isLate;
  });
}
