import { moveToDeadLetter } from '@prosaas/conversations';
import {
  addJob,
  completeJobs,
  isDatabaseOutage,
  isRetryableDatabaseError,
  recordFailedAttempt,
  type Database,
  type JobRow,
  type ReleasedJob,
} from '@prosaas/database';
import { checkPayload, queueTable, type QueueName } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { CountedEvent } from '@prosaas/telemetry';
import type { JobHandler, JobHandlers } from './job.ts';
import { Superseded, backoffMs, describeError, actionFor, errorFields } from './job-errors.ts';

/** How an attempt ended. It is stored in PostgreSQL already, but for `requeue`, of which nothing is stored. */
export type Outcome = {
  released: readonly ReleasedJob[];
  /** Events to count. */
  counts?: readonly CountedEvent[];
} & (
  | { kind: 'done' }
  | { kind: 'retry'; afterMs: number }
  /** `databaseError`: an operator has to repair the database. */
  | { kind: 'requeue'; afterMs: number; databaseError?: string }
  | { kind: 'failed'; error: string }
);

export interface RowRunner {
  db: Database;
  handlers: JobHandlers;
  /** Instance id of this worker, kept with each failed attempt. */
  instance: string;
}

/** Runs one attempt of a job in this process. Resolves once the outcome is stored; rejects with database errors. */
export async function runRow(
  { db, handlers, instance }: RowRunner,
  row: JobRow,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<Outcome> {
  const began = performance.now();
  const released: ReleasedJob[] = [];
  const counts: CountedEvent[] = [];
  const queue = row.queue as QueueName;
  try {
    const payload = checkPayload(queue, row.payload);
    await (handlers[queue] as JobHandler)({
      row,
      payload,
      signal,
      log,
      complete: async (write) => {
        const added: (ReleasedJob | undefined)[] = [];
        const counted: CountedEvent[] = [];
        const end = await db.transaction(async (tx) => {
          await write?.({
            query: (sql, params) => tx.query(sql, params),
            addJob: async (job) => void added.push(await addJob(tx, job)),
            count: (event) => void counted.push(event),
          });
          const result = await completeJobs(tx, [row]);
          if (!result.completed.has(row.id)) throw new Superseded('the job has ended or was released again');
          return result;
        });
        released.push(...end.released, ...added.filter((job) => job !== undefined));
        counts.push(...counted);
      },
      reportCompleted: ({ wasOpen, released: next }) => {
        released.push(...next);
        if (!wasOpen) log.debug('the job has ended or was released again');
      },
    });
    return { kind: 'done', released, counts };
  } catch (error) {
    const ranMs = Math.round(performance.now() - began);
    const outcome = await recordError({ db, instance }, row, error, { log, ranMs });
    // What was committed before the error counts.
    return {
      ...outcome,
      released: [...released, ...outcome.released],
      counts: [...counts, ...(outcome.counts ?? [])],
    };
  }
}

/** The outcome of an error that uses up no attempt. Nothing is stored. */
export function requeueAfter(error: unknown, { afterMs }: { afterMs: number }): Outcome {
  // The pool already logs that PostgreSQL is away.
  const isRefused = isRetryableDatabaseError(error) && !isDatabaseOutage(error);
  return {
    kind: 'requeue',
    afterMs,
    released: [],
    ...(isRefused && { databaseError: describeError(error) }),
  };
}

/** Stores what an error means for a job. */
async function recordError(
  { db, instance }: Pick<RowRunner, 'db' | 'instance'>,
  row: JobRow,
  error: unknown,
  { log, ranMs }: { log: Logger; ranMs: number },
): Promise<Outcome> {
  const { attempts, backoff } = queueTable[row.queue as QueueName];
  const attempt = row.attempts + 1;
  const action = actionFor(error, { isLastAttempt: attempt >= attempts, ageMs: row.since_released_ms });
  if (action.kind === 'superseded') return { kind: 'done', released: [] };
  if (action.kind === 'requeue') {
    log.debug({ err: error }, 'job requeued');
    return requeueAfter(error, action);
  }
  const text = describeError(error);
  const failed = {
    attempt,
    error: text,
    failed_at: new Date(row.read_ms + ranMs).toISOString(),
    ran_ms: ranMs,
    worker: instance,
  };
  log.warn({ ...errorFields(error), attempt, final: action.kind === 'fail' }, 'job failed');
  if (action.kind === 'retry') {
    await recordFailedAttempt(db, row, failed);
    return { kind: 'retry', afterMs: backoffMs(backoff, attempt), released: [] };
  }
  const { released, handedOver } = await db.transaction((tx) => moveToDeadLetter(tx, [row], text, failed));
  return { kind: 'failed', error: text, released, counts: handOversByFailure(handedOver) };
}

/** A failed job makes its conversation wait for a person. */
export const handOversByFailure = (conversations: number): CountedEvent[] =>
  Array.from({ length: conversations }, () => ({ metric: 'handovers', labels: { reason: 'failure' } }));
