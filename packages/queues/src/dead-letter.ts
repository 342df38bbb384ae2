import { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { addCommand, defineAddCommands } from './add-scripts.ts';
import { type FailedAttempt, readAttempts } from './attempts.ts';
import { openBull } from './bull-handle.ts';
import { openEnvelope } from './envelope.ts';
import { countsKey, queueKey } from './queue-keys.ts';
import { DEAD_LETTER, queueNames, type QueueName } from './queue-table.ts';

const BATCH = 100;

/** The story of a job that failed for good: what a person needs to judge and replay it. Texts of errors, no stacks. */
export interface DeadLetter {
  origin: { queue: QueueName; id: string };
  payload: unknown;
  reason: string;
  attempts: number;
  /** The last of those that failed, oldest first. */
  failures: FailedAttempt[];
  /** W3C `traceparent`; empty where there is none. */
  trace: string;
  /** The letter that this job repeated. */
  replay_of: string | null;
  created_at: string;
  started_at: string | null;
  failed_at: string;
}

export interface KeptLetter extends DeadLetter {
  id: string;
}

export interface DeadLetterMover extends AsyncDisposable {
  /** Moves every job that has failed; two at once are harmless. Returns how many this call moved. */
  sweep(): Promise<number>;
}

/**
 * A failed job stays in its queue's failed set until this has moved it: one script adds it to the dead letter, removes it and
 * counts it. A crash before leaves it for the next sweep, there is no between.
 *
 * `onDead` settles what the job leaves undone, before the move; it may run twice for one letter, also when that was replayed
 * meanwhile, and its failure postpones the move.
 */
export function createDeadLetterMover({
  redis,
  bullPrefix,
  onDead,
}: {
  redis: Redis;
  bullPrefix: string;
  onDead: (letter: KeptLetter) => Promise<void>;
}): DeadLetterMover {
  const bull = openBull(redis, bullPrefix);
  defineAddCommands(redis);

  const move = async (queue: QueueName, id: string): Promise<boolean> => {
    const from = await bull.queue(queue);
    const [job, failures] = await Promise.all([from.getJob(id), readAttempts(from, id)]);
    if (!job) return false;
    const letter = describe(queue, job, failures);
    const failedAt = job.finishedOn ?? 0;
    // The time makes the id that of this failure: a replay under the same key may fail again.
    const letterId = `${queue}.${id}.${failedAt}`;
    await onDead({ id: letterId, ...letter });
    const record = new Job(await bull.queue(DEAD_LETTER), queue, letter, {}, letterId);
    const { command, args } = await addCommand('moveToDeadLetter', record, {
      keys: [queueKey(bullPrefix, queue, 'failed'), queueKey(bullPrefix, queue, id), countsKey(bullPrefix)],
      args: [id, failedAt, queue],
    });
    return (await bull.run(command, args)) === 1;
  };

  const sweepQueue = async (queue: QueueName): Promise<number> => {
    let moved = 0;
    for (;;) {
      const ids = await redis.zrange(queueKey(bullPrefix, queue, 'failed'), '0', String(BATCH - 1));
      const outcomes = await Promise.allSettled(ids.map((id) => move(queue, id)));
      const movedNow = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length;
      moved += movedNow;
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
      if (ids.length < BATCH || movedNow === 0) return moved;
    }
  };

  return {
    async sweep() {
      const moved = await Promise.all(queueNames.map(sweepQueue));
      return moved.reduce((sum, count) => sum + count, 0);
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}

function describe(queue: QueueName, job: Job, failures: FailedAttempt[]): DeadLetter {
  const { trace, replayOf = null } = openEnvelope(job);
  return {
    origin: { queue, id: job.id ?? '' },
    payload: job.data as unknown,
    reason: job.failedReason ?? 'unknown',
    attempts: job.attemptsMade,
    failures,
    trace,
    replay_of: replayOf,
    created_at: new Date(job.timestamp).toISOString(),
    started_at: job.processedOn ? new Date(job.processedOn).toISOString() : null,
    failed_at: new Date(job.finishedOn ?? Date.now()).toISOString(),
  };
}
