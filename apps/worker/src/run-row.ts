import { moveToDeadLetter, type WaitingReason } from '@prosaas/conversations';
import {
  addJob,
  closeJobs,
  isDatabaseOutage,
  isRetryableDatabaseError,
  recordFailedAttempt,
  type Database,
  type JobRow,
  type ReleasedJob,
} from '@prosaas/database';
import { checkPayload, queueTable, type QueueName } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { JobHandler, JobHandlers } from './job.ts';
import { Superseded, backoffMs, describeError, judge, reportOf } from './verdict.ts';

/** How an attempt ended. PostgreSQL has it already. */
export type Outcome = {
  released: readonly ReleasedJob[];
  /** Why a conversation waits for a person from now on. */
  handOver?: WaitingReason | undefined;
} & (
  | { kind: 'done' }
  | { kind: 'retry'; afterMs: number }
  /** `trouble`: the error of a database that an operator has to repair. */
  | { kind: 'requeue'; afterMs: number; trouble?: string }
  | { kind: 'failed'; error: string }
);

export interface RowRunner {
  db: Database;
  handlers: JobHandlers;
  /** Instance id of this worker, kept with each failed attempt. */
  instance: string;
}

/** One attempt of a job, in this process. The outcome is stored when this resolves; rejects with database errors. */
export async function runRow(
  { db, handlers, instance }: RowRunner,
  row: JobRow,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<Outcome> {
  const began = performance.now();
  const released: ReleasedJob[] = [];
  let handOver: WaitingReason | undefined;
  const queue = row.queue as QueueName;
  try {
    const payload = checkPayload(queue, row.payload);
    await (handlers[queue] as JobHandler)({
      row,
      payload,
      signal,
      log,
      close: async (write) => {
        const follows: (ReleasedJob | undefined)[] = [];
        const end = await db.transaction(async (tx) => {
          await write?.({
            query: (sql, params) => tx.query(sql, params),
            addJob: async (job) => void follows.push(await addJob(tx, job)),
          });
          const closed = await closeJobs(tx, [row]);
          if (!closed.closed.has(row.id)) throw new Superseded('the job has ended, or was released anew');
          return closed;
        });
        released.push(...end.released, ...follows.filter((job) => job !== undefined));
      },
      closed: ({ wasOpen, released: next }) => {
        released.push(...next);
        if (!wasOpen) log.debug('the job had ended, or was released anew');
      },
      handedOver: (reason) => void (handOver = reason),
    });
    return { kind: 'done', released, handOver };
  } catch (error) {
    return settleError({ db, instance }, row, error, { log, ranMs: Math.round(performance.now() - began) });
  }
}

/** Nothing was written down, and no attempt is used up. */
export function requeueAfter(error: unknown, { afterMs }: { afterMs: number }): Outcome {
  // The pool already logs that PostgreSQL is away.
  const isRefused = isRetryableDatabaseError(error) && !isDatabaseOutage(error);
  return { kind: 'requeue', afterMs, released: [], ...(isRefused && { trouble: describeError(error) }) };
}

/** Writes down what an error means for a job. */
async function settleError(
  { db, instance }: Pick<RowRunner, 'db' | 'instance'>,
  row: JobRow,
  error: unknown,
  { log, ranMs }: { log: Logger; ranMs: number },
): Promise<Outcome> {
  const { attempts, backoff } = queueTable[row.queue as QueueName];
  const attempt = row.attempts + 1;
  const verdict = judge(error, { isLastAttempt: attempt >= attempts, ageMs: row.released_ms });
  if (verdict.kind === 'superseded') return { kind: 'done', released: [] };
  if (verdict.kind === 'requeue') {
    log.debug({ err: error }, 'job requeued');
    return requeueAfter(error, verdict);
  }
  const text = describeError(error);
  const failed = {
    attempt,
    error: text,
    failed_at: new Date(row.read_ms + ranMs).toISOString(),
    ran_ms: ranMs,
    worker: instance,
  };
  log.warn({ ...reportOf(error), attempt, final: verdict.kind === 'fail' }, 'job failed');
  if (verdict.kind === 'retry') {
    await recordFailedAttempt(db, row, failed);
    return { kind: 'retry', afterMs: backoffMs(backoff, attempt), released: [] };
  }
  const { released, handedOver } = await db.transaction((tx) => moveToDeadLetter(tx, [row], text, failed));
  return { kind: 'failed', error: text, released, ...(handedOver > 0 && { handOver: 'failure' as const }) };
}
