import type { JobRef } from '@prosaas/database';
import type { Redis } from 'ioredis';
import { QueuesUnavailable } from './bull-handle.ts';
import { bullJobId } from './bull-job.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

/**
 * Those of the jobs that BullMQ does not have, or has as ended. BullMQ's `getState` tells the same by a script that walks the list of
 * waiting jobs, which is too much for thousands of jobs: this asks for the job's key and the sets of those that ended.
 *
 * @throws QueuesUnavailable
 */
export async function findLostJobs<J extends JobRef & { queue: string }>(
  redis: Redis,
  bullPrefix: string,
  jobs: readonly J[],
): Promise<J[]> {
  const pipeline = redis.pipeline();
  for (const job of jobs) {
    const [queue, id] = [job.queue as QueueName, bullJobId(job)];
    pipeline
      .exists(queueKey(bullPrefix, queue, id))
      .zscore(queueKey(bullPrefix, queue, 'completed'), id)
      .zscore(queueKey(bullPrefix, queue, 'failed'), id);
  }
  const replies = await pipeline.exec().catch(() => null);
  if (!replies || replies.some(([error]) => error))
    throw new QueuesUnavailable('Redis did not say which jobs are there');
  const values = replies.map(([, value]) => value);
  return jobs.filter(
    (_job, index) =>
      values[3 * index] !== 1 || values[3 * index + 1] !== null || values[3 * index + 2] !== null,
  );
}
