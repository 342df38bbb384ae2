import { Job, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { addCommand, defineAddCommands } from './add-scripts.ts';
import { ATTEMPTS_KEPT } from './attempts.ts';
import { openBull } from './bull-handle.ts';
import { childTrace, sealEnvelope } from './envelope.ts';
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
  /** W3C `traceparent` of what the job follows from; unset: it begins a trace. */
  trace?: string | undefined;
}

/** What is put in as it is, such as a row of the outbox. */
export interface UncheckedJob {
  queue: QueueName;
  key: string;
  payload: unknown;
  trace?: string | undefined;
  /** The letter in the dead letter that it repeats. */
  replayOf?: string | undefined;
  /** Not before; unset: at once. */
  runAt?: Date | undefined;
}

export interface Producer extends AsyncDisposable {
  /** Throws `PayloadInvalid` for a payload that does not fit, `QueuesUnavailable` at once while Redis is away. */
  enqueue<Q extends QueueName>(queue: Q, job: Omit<Enqueue<Q>, 'queue'>): Promise<Enqueued>;
  /** All or none, in one transaction. Payloads are not checked: the worker refuses one that does not fit, visibly. */
  enqueueUnchecked(jobs: readonly UncheckedJob[]): Promise<Enqueued[]>;
}

/**
 * Adds jobs by key. `queue_jobs_enqueued` is counted in Redis by the transaction that adds: exactly the jobs that were added,
 * also when the producer is killed in the middle or Redis rolls back.
 */
export function createProducer({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): Producer {
  const bull = openBull(redis, bullPrefix);
  defineAddCommands(redis);

  const add = async (jobs: readonly UncheckedJob[]): Promise<Enqueued[]> => {
    if (jobs.length === 0) return [];
    const built = await Promise.all(
      jobs.map(async (job) => {
        const { queue, key, payload } = job;
        return new Job(await bull.queue(queue), queue, payload, jobOptions(job), key);
      }),
    );
    const adds = await Promise.all(
      built.map((job, index) => {
        const { queue, key } = jobs[index]!;
        return addCommand('addCounted', job, {
          keys: [queueKey(bullPrefix, queue, key), countsKey(bullPrefix)],
          args: [queue],
        });
      }),
    );
    const [only, ...others] = adds;
    // One script is as atomic as a MULTI, and half the way.
    const replies =
      others.length === 0
        ? [await bull.run(only!.command, only!.args)]
        : await bull.transaction(async (multi) => {
            for (const { command, args } of adds) multi.runCommand(command, args);
          });
    return jobs.map(({ key }, index) => ({ id: key, fresh: replies[index] === 1 }));
  };

  return {
    async enqueue(queue, { key, payload, trace }) {
      const [added] = await add([{ queue, key, payload: checkPayload(queue, payload), trace }]);
      return added!;
    },
    enqueueUnchecked: add,
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}

function jobOptions({ queue, trace, replayOf, runAt }: UncheckedJob): JobsOptions {
  const { attempts, backoff, keepCompleted } = queueTable[queue];
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoff.delayMs, jitter: backoff.jitter },
    removeOnComplete: { age: keepCompleted.ageSeconds, count: keepCompleted.count },
    removeOnFail: false,
    stackTraceLimit: 1,
    keepLogs: ATTEMPTS_KEPT,
    ...(runAt && { delay: Math.max(0, runAt.getTime() - Date.now()) }),
    telemetry: sealEnvelope({ trace: childTrace(trace), ...(replayOf !== undefined && { replayOf }) }),
  };
}
