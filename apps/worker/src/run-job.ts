import {
  type BegunWork,
  checkPayload,
  openEnvelope,
  parseTrace,
  recordAttempt,
  type QueueDefinition,
  type QueueName,
  type QueuePayloads,
} from '@prosaas/queues';
import { isDatabaseAway, isDatabaseTrouble } from '@prosaas/database';
import { type Logger, type TroubleLog, troubleOf } from '@prosaas/runtime';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import type { JobInstruments } from './job-instruments.ts';
import type { RunningJobs } from './running-jobs.ts';
import type { SandboxedJob } from './sandbox/protocol.ts';
import { inPlaceOf, isSuspect } from './suspects.ts';
import { Suspected, describeError, judge, reportOf } from './verdict.ts';
import type { Task } from './work-off.ts';

/** What each queue's jobs are done by. */
export type Handlers = { [Q in QueueName]: (task: Task<QueuePayloads[Q]>) => Promise<void> };

export type QueueDefinitions = Readonly<Record<QueueName, QueueDefinition>>;

export interface Attempts {
  queues: QueueDefinitions;
  handlers: Handlers;
  begunWork: BegunWork;
  /** Does a job in a process of its own. */
  setApart: (job: SandboxedJob, signal: AbortSignal) => Promise<void>;
  /** This replica, as the story of a job that failed names it. */
  instance: string;
  instruments: Readonly<Record<QueueName, JobInstruments>>;
  running: RunningJobs;
  log: Logger;
}

/** Back to its queue, with no attempt used up. Where Redis refuses that, it comes back when its lock has run out. */
export async function handBack(
  job: Job,
  token: string | undefined,
  { afterMs, log }: { afterMs: number; log: Logger },
): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token).catch((error: unknown) => {
    log.debug({ err: error, job_id: job.id }, 'a job could not be handed back: its lock runs out');
  });
  throw new DelayedError();
}

/** One attempt of a job: checked, timed, counted, logged, and judged when it fails. Throws what BullMQ goes by. */
export async function runJob(
  attempts: Attempts,
  queue: QueueName,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const counts = attempts.instruments[queue];
  const attempt = job.attemptsMade + 1;
  const lastAttempt = attempt >= (job.opts.attempts ?? 1);
  const { trace } = openEnvelope(job);
  const log = attempts.log.child({ queue, job_id: job.id, trace_id: parseTrace(trace)?.traceId });
  const began = Date.now();
  counts.started(job, began);
  try {
    await work(attempts, queue, job, { token: token ?? '', trace, lastAttempt, log });
    counts.ended('completed', Date.now() - began);
    refusalsOf(attempts.log).worked(queue);
  } catch (error) {
    const ranMs = Date.now() - began;
    const verdict = judge(error, { lastAttempt, ageMs: Date.now() - dueAt(job) });
    if (verdict.kind === 'hand-back') {
      // PostgreSQL that is away is told by its pool.
      if (isDatabaseTrouble(error) && !isDatabaseAway(error))
        refusalsOf(attempts.log).failed(error, { source: queue, fields: { queue } });
      log.debug({ err: error }, 'job handed back');
      counts.ended('handed_back', ranMs);
      return handBack(job, token, { afterMs: verdict.afterMs, log });
    }
    const final = verdict.kind === 'give-up';
    counts.ended(final ? 'failed' : 'retried', ranMs);
    log.warn({ ...reportOf(error), attempt, final }, 'job failed');
    const text = describeError(error);
    // Without it the job fails all the same.
    await recordAttempt(job, {
      attempt,
      error: text,
      failed_at: new Date().toISOString(),
      ran_ms: ranMs,
      worker: attempts.instance,
    }).catch((cause: unknown) => log.debug({ err: cause }, 'the attempt was not recorded'));
    // BullMQ keeps the text with the job, and retries unless it is an UnrecoverableError.
    throw final ? new UnrecoverableError(text) : new Error(text, { cause: error });
  }
}

/** Tables or grants that an operator has to mend: jobs go back to their queues, over and over. */
function refusalsOf(log: Logger): TroubleLog {
  return troubleOf(log, {
    waiting: 'jobs go back to their queues: PostgreSQL refuses their statements',
    begins: 'jobs go back to their queues: PostgreSQL refuses their statements',
    ends: 'PostgreSQL takes the statements of jobs again',
  });
}

/** Unix ms. One that was to run later is no older than that. */
function dueAt({ timestamp, opts }: Job): number {
  return timestamp + (opts.delay ?? 0);
}

async function work(
  { queues, handlers, begunWork, setApart, running }: Attempts,
  queue: QueueName,
  job: Job,
  { token, ...task }: Pick<Task<never>, 'trace' | 'lastAttempt' | 'log'> & { token: string },
): Promise<void> {
  const { isSandboxed = false, timeLimitMs } = queues[queue];
  using run = running.begin(timeLimitMs);
  const { signal } = run;
  const payload = checkPayload(queue, job.data);
  const { id = '' } = job;
  try {
    // Awaited here: the signal is let go of when this returns.
    if (!isSandboxed && (job.stalledCounter === 0 || !(await isSuspect(begunWork, queue, job)))) {
      const around = inPlaceOf(begunWork, queue, { by: id, token });
      return await handlers[queue]({ ...task, payload, signal, around });
    }
  } catch (error) {
    if (!(error instanceof Suspected)) throw error;
  }
  const { trace, lastAttempt } = task;
  await setApart({ id, queue, payload, token, trace, lastAttempt, dueAt: dueAt(job) }, signal);
}
