import { moveToDeadLetter } from '@prosaas/conversations';
import { type Database, type JobRef, findJob, listUnreleased } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { QueuesUnavailable, openBull } from './bull-handle.ts';
import { bullJobId, readRowRef } from './bull-job.ts';
import { countsKey } from './queue-keys.ts';
import { type QueueName, isQueueName } from './queue-table.ts';
import type { Relay } from './relay.ts';

/** A worker is running the job, so it cannot be removed. */
export class JobRunning extends AppError {
  override code = 'JOB_RUNNING';
  override status = 409;
  override retryable = true;
}

/** Commands of an operator on a queue or a job. Their effect is stored in Redis and PostgreSQL, so it survives restarts. */
export interface QueueControl extends AsyncDisposable {
  /** Workers take no more jobs; running jobs finish. */
  pause(queue: QueueName): Promise<void>;
  resume(queue: QueueName): Promise<void>;
  /**
   * Moves all waiting and delayed jobs to the dead letter with the reason `DRAINED`; their conversations wait for a person.
   *
   * @returns how many jobs were moved
   */
  drain(queue: QueueName): Promise<number>;
  /**
   * Moves one job to the dead letter with the reason `SKIPPED`, so that the next job with its order key can run; its conversation waits for a
   * person. Returns false if there is no such open job.
   *
   * @throws JobRunning
   */
  skip(jobId: string, reason: string): Promise<boolean>;
}

/** Jobs per transaction, which locks all their conversations. */
const BATCH = 100;

/** Throws `QueuesUnavailable` at once while Redis is away. */
export function openQueueControl({
  db,
  relay,
  redis,
  bullPrefix,
  onHandOver,
}: {
  db: Database;
  relay: Relay;
  redis: Redis;
  bullPrefix: string;
  /** Called with the number of conversations that now wait for a person because their jobs failed. */
  onHandOver: (conversations: number) => void;
}): QueueControl {
  const bull = openBull(redis, bullPrefix);

  /**
   * `removed`: how many of the jobs were removed from BullMQ; undefined if none was ever released to it. BullMQ does not count those as
   * failed, so they are counted here. It does count a released job that reaches it later, because the worker finds the row failed.
   */
  const fail = async (
    queue: QueueName,
    jobs: readonly JobRef[],
    { removed, failure }: { removed?: number; failure: string },
  ): Promise<number> => {
    const { failed, released, handedOver } = await db.transaction((tx) =>
      moveToDeadLetter(tx, jobs, failure),
    );
    if (handedOver > 0) onHandOver(handedOver);
    relay.enqueue(released);
    const uncounted = removed ?? failed;
    if (uncounted > 0) {
      await redis.hincrby(countsKey(bullPrefix), `drained:${queue}`, uncounted).catch((cause: unknown) => {
        throw new QueuesUnavailable('Redis did not count the jobs', { cause });
      });
    }
    return failed;
  };

  /** Removes a batch of jobs from BullMQ, except running ones and those of versions before migration 0010. */
  const removeFromBull = async (queue: QueueName): Promise<JobRef[]> => {
    const jobs = await (await bull.queue(queue)).getJobs(['waiting', 'prioritized', 'delayed'], 0, BATCH - 1);
    const outcomes = await Promise.allSettled(
      jobs.map(async (job) => {
        const ref = readRowRef(job.data);
        if (ref !== undefined) await job.remove();
        return ref;
      }),
    );
    return outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' && outcome.value !== undefined ? [outcome.value] : [],
    );
  };

  return {
    async pause(queue) {
      await (await bull.queue(queue)).pause();
    },
    async resume(queue) {
      await (await bull.queue(queue)).resume();
    },
    async drain(queue) {
      await bull.queue(queue);
      let drained = 0;
      for (;;) {
        // Unreleased jobs first, so that failing the released ones does not release them.
        const unreleased = await listUnreleased(db, { queue, limit: BATCH });
        const removed = unreleased.length > 0 ? [] : await removeFromBull(queue);
        const jobs = [...unreleased, ...removed];
        if (jobs.length === 0) return drained;
        const failure = 'DRAINED: the queue was emptied';
        drained += await fail(queue, jobs, {
          ...(unreleased.length === 0 && { removed: removed.length }),
          failure,
        });
      }
    },
    async skip(jobId, reason) {
      const job = await findJob(db, jobId);
      if (job === undefined || job.failure !== null || !isQueueName(job.queue)) return false;
      let removed: number | undefined;
      if (job.is_released) {
        const found = await (await bull.queue(job.queue)).getJob(bullJobId(job));
        await found?.remove().catch((cause: unknown) => {
          throw new JobRunning('A worker is running this job.', { cause });
        });
        removed = found ? 1 : 0;
      }
      const failure = `SKIPPED: ${reason}`;
      return (await fail(job.queue, [job], { ...(removed !== undefined && { removed }), failure })) === 1;
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}
