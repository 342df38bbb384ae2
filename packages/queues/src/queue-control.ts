import { moveToDeadLetter } from '@prosaas/conversations';
import { type Database, type JobRef, findJob, listUnreleased } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { QueuesUnavailable, openBull } from './bull-handle.ts';
import { bullJobId, readRowRef } from './bull-job.ts';
import { countsKey } from './queue-keys.ts';
import { type QueueName, isQueueName } from './queue-table.ts';
import type { Relay } from './relay.ts';

/** A worker runs it now: it can't be taken away. */
export class JobRunning extends AppError {
  override code = 'JOB_RUNNING';
  override status = 409;
  override retryable = true;
}

/** What an operator does to a queue or a job. It is kept, and so outlives every process. */
export interface QueueControl extends AsyncDisposable {
  /** No job is taken from now on; those that run finish. */
  pause(queue: QueueName): Promise<void>;
  resume(queue: QueueName): Promise<void>;
  /**
   * What waits or is delayed fails with the reason `DRAINED`, to be replayed or purged: the conversations wait for a person. Returns
   * how many did.
   */
  drain(queue: QueueName): Promise<number>;
  /**
   * Ends one job with the reason `SKIPPED`, so that the next of its key has its turn; its conversation waits for a person. False where
   * there is none.
   *
   * @throws JobRunning
   */
  skip(jobId: string, reason: string): Promise<boolean>;
}

/** Their conversations are locked until all of them wait. */
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
  /** So many conversations wait for a person since their jobs failed. */
  onHandOver: (conversations: number) => void;
}): QueueControl {
  const bull = openBull(redis, bullPrefix);

  /**
   * `taken`: how many of them were taken out of BullMQ, whose counts they leave; unset: it has none of them. One that is released and
   * not there yet BullMQ counts itself: it finds its row failed.
   */
  const end = async (
    queue: QueueName,
    jobs: readonly JobRef[],
    { taken, failure }: { taken?: number; failure: string },
  ): Promise<number> => {
    const { failed, released, handedOver } = await db.transaction((tx) =>
      moveToDeadLetter(tx, jobs, failure),
    );
    if (handedOver > 0) onHandOver(handedOver);
    relay.enqueue(released);
    const ended = taken ?? failed;
    if (ended > 0) {
      await redis.hincrby(countsKey(bullPrefix), `drained:${queue}`, ended).catch((cause: unknown) => {
        throw new QueuesUnavailable('Redis did not count the jobs', { cause });
      });
    }
    return failed;
  };

  /** Takes jobs out of BullMQ, but for those that run, and those of a release before migration 0010. */
  const takeOut = async (queue: QueueName): Promise<JobRef[]> => {
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
        // First those that wait for their turn, so that what follows releases none of them.
        const unreleased = await listUnreleased(db, { queue, limit: BATCH });
        const taken = unreleased.length > 0 ? [] : await takeOut(queue);
        const jobs = [...unreleased, ...taken];
        if (jobs.length === 0) return drained;
        const failure = 'DRAINED: the queue was emptied';
        drained += await end(queue, jobs, {
          ...(unreleased.length === 0 && { taken: taken.length }),
          failure,
        });
      }
    },
    async skip(jobId, reason) {
      const job = await findJob(db, jobId);
      if (job === undefined || job.failure !== null || !isQueueName(job.queue)) return false;
      let taken: number | undefined;
      if (job.is_released) {
        const found = await (await bull.queue(job.queue)).getJob(bullJobId(job));
        await found?.remove().catch((cause: unknown) => {
          throw new JobRunning('A worker is at this job now.', { cause });
        });
        taken = found ? 1 : 0;
      }
      const failure = `SKIPPED: ${reason}`;
      return (await end(job.queue, [job], { ...(taken !== undefined && { taken }), failure })) === 1;
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}
