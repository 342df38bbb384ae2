import { Job, type IRedisTransaction, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { checkPayload } from './payload.ts';
import { countsKey, queueKey } from './queue-keys.ts';
import { queueTable, type QueueName, type QueuePayloads } from './queue-table.ts';

export interface Enqueued {
  id: string;
  /** False where a job of that key was there already: nothing was added and nothing counted. */
  fresh: boolean;
}

export interface Enqueue<Q extends QueueName = QueueName> {
  queue: Q;
  /** The job's id: the same key again is the same job. No colon. */
  key: string;
  payload: QueuePayloads[Q];
}

export interface Producer extends AsyncDisposable {
  /** Throws `PayloadInvalid` for a payload that does not fit, `QueuesUnavailable` at once while Redis is away. */
  enqueue<Q extends QueueName>(queue: Q, job: { key: string; payload: QueuePayloads[Q] }): Promise<Enqueued>;
  /** All or none, in one transaction. Payloads are not checked: the worker refuses one that does not fit, visibly. */
  enqueueUnchecked(jobs: readonly { queue: QueueName; key: string; payload: unknown }[]): Promise<Enqueued[]>;
}

/**
 * Adds jobs by key. `queue_jobs_enqueued` is counted in Redis by the transaction that adds: exactly the jobs that were added,
 * also when the producer is killed in the middle or Redis rolls back.
 */
export function createProducer({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): Producer {
  const bull = openBull(redis, bullPrefix);

  const add = async (
    jobs: readonly { queue: QueueName; key: string; payload: unknown }[],
  ): Promise<Enqueued[]> => {
    if (jobs.length === 0) return [];
    const built = await Promise.all(
      jobs.map(
        async ({ queue, key, payload }) =>
          new Job(await bull.queue(queue), queue, payload, jobOptions(queue), key),
      ),
    );
    const replies = await bull.transaction(async (multi: IRedisTransaction) => {
      for (const [index, job] of built.entries()) {
        const { queue, key } = jobs[index]!;
        // Queues the command without a round trip: nothing runs before exec.
        await job.addJob(multi);
        multi.runCommand('countEnqueued', [queueKey(bullPrefix, queue, key), countsKey(bullPrefix), queue]);
      }
    });
    return jobs.map(({ key }, index) => ({ id: key, fresh: replies[2 * index + 1] === 1 }));
  };

  return {
    async enqueue(queue, { key, payload }) {
      const [added] = await add([{ queue, key, payload: checkPayload(queue, payload) }]);
      return added!;
    },
    enqueueUnchecked: add,
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}

function jobOptions(queue: QueueName): JobsOptions {
  const { attempts, backoff, keepCompleted } = queueTable[queue];
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoff.delayMs, jitter: backoff.jitter },
    removeOnComplete: { age: keepCompleted.ageSeconds, count: keepCompleted.count },
    removeOnFail: false,
    stackTraceLimit: 1,
  };
}
