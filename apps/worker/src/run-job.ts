import { moveToDeadLetter, type WaitingReason } from '@prosaas/conversations';
import {
  addMissingJob,
  findJob,
  isRetryableDatabaseError,
  recordWorkerDeaths,
  type JobRow,
} from '@prosaas/database';
import { parseTrace, queueTable, readRowRef, type QueueName, type Relay } from '@prosaas/queues';
import { type Logger, type OutageLog, outageLog } from '@prosaas/runtime';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import type { JobInstruments } from './job-instruments.ts';
import type { ChildRunner } from './child-runner.ts';
import { type Outcome, type RowRunner, requeueAfter, runRow } from './run-row.ts';
import type { RunningJobs } from './running-jobs.ts';

/** A job runs in its own process after this many of its workers died: one may have died for another reason. */
const WORKERS_AT_MOST = 2;
/** A job is given up after this many of its own processes died: one may have been killed from outside. */
const CHILDREN_AT_MOST = 2;
/** Before a job is tried again whose outcome PostgreSQL did not store. */
const SETTLE_AGAIN_MS = 5000;
/** A job is given up after this many worker deaths: its own processes take their workers with them. */
const DEATHS_AT_MOST = 8;

export interface JobRunner extends RowRunner {
  relay: Relay;
  children: ChildRunner;
  instruments: Readonly<Record<QueueName, JobInstruments>>;
  running: RunningJobs;
  /** A conversation waits for a person from now on. */
  onHandOver: (reason: WaitingReason) => void;
  log: Logger;
}

/** Puts a job back into its queue. If Redis refuses, the job returns when its lock expires. */
export async function requeue(
  job: Job,
  token: string | undefined,
  { afterMs, log }: { afterMs: number; log: Logger },
): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token).catch((error: unknown) => {
    log.debug({ err: error, job_id: job.id }, 'a job could not be requeued: its lock runs out');
  });
  throw new DelayedError();
}

/** Runs the row that a BullMQ job points to, and ends the BullMQ job with the same outcome. */
export async function runJob(
  runner: JobRunner,
  queue: QueueName,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const { instruments, relay } = runner;
  const counts = instruments[queue];
  const log = runner.log.child({ queue, job_id: job.id });
  const began = performance.now();
  const outcome = await attempt(runner, queue, job, log);
  if (outcome === undefined) return;
  relay.enqueue(outcome.released);
  if (outcome.handOver !== undefined) runner.onHandOver(outcome.handOver);
  if (outcome.kind !== 'requeue') refusalsOf(runner.log).worked(queue);
  counts.ended(outcome.kind, performance.now() - began);
  if (outcome.kind === 'done') return;
  if (outcome.kind === 'failed') throw new UnrecoverableError(outcome.error);
  if (outcome.kind === 'requeue' && outcome.trouble !== undefined) {
    refusalsOf(runner.log).failed(outcome.trouble, { source: queue, fields: { queue } });
  }
  await requeue(job, token, { afterMs: outcome.afterMs, log });
}

/** Undefined where there is nothing to do. */
async function attempt(
  runner: JobRunner,
  queue: QueueName,
  job: Job,
  log: Logger,
): Promise<Outcome | undefined> {
  const { db, running, instruments } = runner;
  using run = running.begin(queueTable[queue].timeLimitMs);
  try {
    const ref = readRowRef(job.data);
    if (ref === undefined) return await adopt(runner, job);
    const row = await findJob(db, ref.id);
    // Stale: the row is done, or a newer release has its own BullMQ job.
    if (row === undefined || row.release !== ref.release) return undefined;
    if (row.failure !== null) throw new UnrecoverableError(row.failure);
    if (!row.is_released) return undefined;
    const deaths = ref.workerDeaths + job.stalledCounter;
    if (deaths > row.worker_deaths) {
      await recordWorkerDeaths(db, row, deaths);
      row.worker_deaths = deaths;
    }
    if (job.attemptsStarted <= 1) instruments[queue].waited(row);
    const jobLog = log.child({ trace_id: parseTrace(row.trace ?? undefined)?.traceId });
    return await runWhereItIsSafe(runner, row, { signal: run.signal, log: jobLog });
  } catch (error) {
    if (error instanceof UnrecoverableError) throw error;
    if (!isRetryableDatabaseError(error)) log.error({ err: error }, 'an attempt could not be settled');
    return requeueAfter(error, { afterMs: SETTLE_AGAIN_MS });
  }
}

async function runWhereItIsSafe(
  runner: JobRunner,
  row: JobRow,
  context: { signal: AbortSignal; log: Logger },
): Promise<Outcome> {
  if (row.worker_deaths < WORKERS_AT_MOST) return runRow(runner, row, context);
  if (row.child_deaths < CHILDREN_AT_MOST && row.worker_deaths - row.outlived < DEATHS_AT_MOST) {
    return runner.children.run(row, context);
  }
  const error = `POISON: ${row.worker_deaths} workers and ${row.child_deaths} processes of its own ended while they ran it`;
  context.log.error({ error }, 'job failed');
  const { released, handedOver } = await runner.db.transaction((tx) => moveToDeadLetter(tx, [row], error));
  return { kind: 'failed', error, released, ...(handedOver > 0 && { handOver: 'failure' as const }) };
}

/** Writes the row of a BullMQ job that a release before migration 0010 added. The releaser picks the row up. */
async function adopt({ db }: JobRunner, job: Job): Promise<undefined> {
  const { messageId } = (job.data ?? {}) as { messageId?: unknown };
  if (typeof messageId !== 'string' || !/^[\da-f-]{36}$/i.test(messageId)) {
    throw new UnrecoverableError('PAYLOAD_INVALID: it names neither a job nor a message');
  }
  await addMissingJob(db, messageId);
}

/** Tables or grants that an operator has to mend: jobs go back to their queues, over and over. */
function refusalsOf(log: Logger): OutageLog {
  return outageLog(log, {
    waiting: 'jobs go back to their queues: PostgreSQL refuses their statements',
    begins: 'jobs go back to their queues: PostgreSQL refuses their statements',
    ends: 'PostgreSQL takes the statements of jobs again',
  });
}
