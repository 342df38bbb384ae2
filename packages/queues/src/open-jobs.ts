import type { Redis } from 'ioredis';
import { QueuesUnavailable } from './bull-handle.ts';
import { queueKey } from './queue-keys.ts';
import type { QueueName } from './queue-table.ts';

/** The ids of those jobs that are there and not completed: they wait, run, or failed and are on their way to the dead letter. Throws `QueuesUnavailable`. */
export async function findOpenJobs(
  redis: Redis,
  bullPrefix: string,
  jobs: readonly { queue: QueueName; id: string }[],
): Promise<Set<string>> {
  const pipeline = redis.pipeline();
  for (const { queue, id } of jobs) {
    pipeline.exists(queueKey(bullPrefix, queue, id)).zscore(queueKey(bullPrefix, queue, 'completed'), id);
  }
  const replies = await pipeline.exec().catch(() => null);
  if (!replies || replies.some(([error]) => error))
    throw new QueuesUnavailable('Redis did not say which jobs are there');
  const values = replies.map(([, value]) => value);
  const open = jobs.filter((_job, index) => values[2 * index] === 1 && values[2 * index + 1] === null);
  return new Set(open.map(({ id }) => id));
}
