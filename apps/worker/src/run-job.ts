import { moveToDeadLetter } from '@prosaas/conversations';
import {
  addMissingJob,
  findJob,
  isRetryableDatabaseError,
  recordWorkerDeaths,
  type JobRow,
} from '@prosaas/database';
import { parseTrace, queueTable, readRowRef, type QueueName, type Relay } from '@prosaas/queues';
import { type Logger, type OutageLog, outageLog } from '@prosaas/runtime';
import type { CountedEvent } from '@prosaas/telemetry';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import type { JobInstruments } from './job-instruments.ts';
import type { ChildRunner } from './child-runner.ts';
import { type Outcome, type RowRunner, handOversByFailure, requeueAfter, runRow } from './run-row.ts';
import type { RunningJobs } from './running-jobs.ts';

/** After this many worker deaths a job runs in a child process. More than one, because a worker may have died for another reason. */
const ISOLATE_AFTER_WORKER_DEATHS = 2;
/** A job fails after this many deaths of its child processes. More than one, because a child may have been killed from outside. */
const MAX_CHILD_DEATHS = 2;
/** Delay before a job is tried again whose outcome could not be stored. */
const RETRY_UNSTORED_MS = 5000;
/** A job fails after this many worker deaths, even if no child process died: the children may take their workers down with them. */
const MAX_WORKER_DEATHS = 8;

export interface JobRunner extends RowRunner {
  relay: Relay;
  children: ChildRunner;
  instruments: Readonly<Record<QueueName, JobInstruments>>;
  running: RunningJobs;
  count: (event: CountedEvent) => void;
  log: Logger;
}

/** Puts a job back into its queue. If Redis fails, the job returns when its lock expires. */
export async function requeue(
  job: Job,
  token: string | undefined,
  { afterMs, log }: { afterMs: number; log: Logger },
): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token).catch((error: unknown) => {
    log.debug(
      { err: error, job_id: job.id },
      'a job could not be requeued: it returns when its lock expires',
    );
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
  if (outcome.kind !== 'requeue') databaseErrorLog(runner.log).worked(queue);
  counts.ended(outcome.kind, performance.now() - began);
  outcome.counts?.forEach(runner.count);
  if (outcome.kind === 'done') return;
  if (outcome.kind === 'failed') throw new UnrecoverableError(outcome.error);
  if (outcome.kind === 'requeue' && outcome.databaseError !== undefined) {
    databaseErrorLog(runner.log).failed(outcome.databaseError, { source: queue, fields: { queue } });
  }
  await requeue(job, token, { afterMs: outcome.afterMs, log });
}

/** Undefined if there was nothing to do. */
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
    if (ref === undefined) return await addMissingRow(runner, job);
    const row = await findJob(db, ref.id);
    // Stale: the job is done, or a newer release has its own BullMQ job.
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
    return await runInWorkerOrChild(runner, row, { signal: run.signal, log: jobLog });
  } catch (error) {
    if (error instanceof UnrecoverableError) throw error;
    if (!isRetryableDatabaseError(error))
      log.error({ err: error }, 'the outcome of an attempt could not be stored');
    return requeueAfter(error, { afterMs: RETRY_UNSTORED_MS });
  }
}

async function runInWorkerOrChild(
  runner: JobRunner,
  row: JobRow,
  context: { signal: AbortSignal; log: Logger },
): Promise<Outcome> {
  if (row.worker_deaths < ISOLATE_AFTER_WORKER_DEATHS) return runRow(runner, row, context);
  if (row.child_deaths < MAX_CHILD_DEATHS && row.worker_deaths - row.outlived < MAX_WORKER_DEATHS) {
    return runner.children.run(row, context);
  }
  const error = `POISON: ${row.worker_deaths} workers and ${row.child_deaths} child processes died while running the job`;
  context.log.error({ error }, 'job failed');
  const { released, handedOver } = await runner.db.transaction((tx) => moveToDeadLetter(tx, [row], error));
  return { kind: 'failed', error, released, counts: handOversByFailure(handedOver) };
}

/** Inserts the row of a BullMQ job that a version before migration 0010 added. The releaser picks it up. */
async function addMissingRow({ db }: JobRunner, job: Job): Promise<undefined> {
  const { messageId } = (job.data ?? {}) as { messageId?: unknown };
  if (typeof messageId !== 'string' || !/^[\da-f-]{36}$/i.test(messageId)) {
    throw new UnrecoverableError('PAYLOAD_INVALID: the payload names neither a job nor a message');
  }
  await addMissingJob(db, messageId);
}

/** Logs database errors that an operator has to fix, such as missing grants. Until then the jobs are requeued again and again. */
function databaseErrorLog(log: Logger): OutageLog {
  return outageLog(log, {
    waiting: 'jobs are requeued: PostgreSQL rejects their statements',
    begins: 'jobs are requeued: PostgreSQL rejects their statements',
    ends: 'PostgreSQL accepts the statements of jobs again',
  });
}
