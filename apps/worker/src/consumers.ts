import {
  QueuesUnavailable,
  checkPayload,
  openEnvelope,
  parseTrace,
  queueNames,
  queueTable,
  recordAttempt,
  type QueueName,
  type QueuePayloads,
} from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobInstruments } from './job-instruments.ts';
import type { SandboxedJob } from './sandbox/sandbox.ts';
import { Stopping, describeError, judge } from './verdict.ts';
import type { Task } from './work-off.ts';

/** What each queue's jobs are done by. */
export type Handlers = { [Q in QueueName]: (task: Task<QueuePayloads[Q]>) => Promise<void> };

export interface ConsumerTimes {
  /** A worker that died holds its jobs for so long; a renewal goes out at half of it. */
  lockMs: number;
  /** How often the jobs of dead workers are looked for. */
  stalledMs: number;
  /** How long running jobs may go on after `stop`; then they are aborted and go back to their queues. */
  finishMs: number;
}

const consumerTimes: ConsumerTimes = { lockMs: 20_000, stalledMs: 10_000, finishMs: 12_000 };

/** Aborted jobs get so long to hand themselves back; then the connection is cut and their locks run out. */
const HAND_BACK_MS = 4000;
/**
 * A job under which workers died, or stood still, so often is set apart: it may be the cause, and has a process of its own from
 * then on. How often alone says nothing: a worker that is killed from outside takes twenty innocent jobs with it.
 */
const SUSPECT_AFTER = 2;

export interface Consumers extends AsyncDisposable {
  workers: readonly Worker[];
  /** Resolves when all of them can fetch. */
  ready(): Promise<void>;
  /** No job is started from now on. */
  stop(): void;
}

/** One BullMQ worker per queue of the table. */
export function startConsumers({
  redis,
  bullPrefix,
  handlers,
  setApart,
  concurrency,
  instance,
  instruments,
  onFailed,
  log,
  times = consumerTimes,
}: {
  redis: Redis;
  bullPrefix: string;
  handlers: Handlers;
  /** Does a job in a process of its own. */
  setApart: (job: SandboxedJob, signal: AbortSignal) => Promise<void>;
  /** Jobs of one queue at once. */
  concurrency: number;
  /** This replica, as the story of a job that failed names it. */
  instance: string;
  instruments: Readonly<Record<QueueName, JobInstruments>>;
  /** A job has failed for good, or may have. */
  onFailed: () => void;
  log: Logger;
  times?: ConsumerTimes;
}): Consumers {
  const stopping = new AbortController();
  let stopped: Promise<unknown> | undefined;

  const handBack = async (job: Job, token: string | undefined, afterMs: number): Promise<never> => {
    await job.moveToDelayed(Date.now() + afterMs, token);
    throw new DelayedError();
  };

  const run = async (queue: QueueName, job: Job, token: string | undefined): Promise<void> => {
    // A fetch that was under way when the worker was told to stop may still bring one.
    if (stopped) return handBack(job, token, 0);
    const counts = instruments[queue];
    const lastAttempt = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const { trace } = openEnvelope(job);
    const jobLog = log.child({ queue, job_id: job.id, trace_id: parseTrace(trace)?.traceId });
    const began = Date.now();
    const ended = (outcome: Parameters<typeof counts.ended>[0]): void =>
      counts.ended(outcome, Date.now() - began);
    counts.started(job, began);
    try {
      const { timeLimitMs } = queueTable[queue];
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeLimitMs)]);
      const payload = checkPayload(queue, job.data);
      const isSuspect = job.stalledCounter >= SUSPECT_AFTER;
      if (isSuspect) {
        const { id = '', timestamp: addedAt } = job;
        await setApart({ id, queue, payload, trace, lastAttempt, addedAt }, signal);
      } else await handlers[queue]({ payload, trace, lastAttempt, signal, log: jobLog });
      ended('completed');
    } catch (error) {
      const verdict = judge(error, { lastAttempt, ageMs: Date.now() - job.timestamp });
      if (verdict.kind === 'hand-back') {
        jobLog.debug({ err: error }, 'job handed back');
        ended('handed_back');
        return handBack(job, token, verdict.afterMs);
      }
      ended(verdict.kind === 'give-up' ? 'failed' : 'retried');
      jobLog.warn(
        { err: error, attempt: job.attemptsMade + 1, final: verdict.kind === 'give-up' },
        'job failed',
      );
      const failed = { error: describeError(error), failed_at: new Date().toISOString(), worker: instance };
      // Without it the job fails all the same.
      await recordAttempt(job, {
        attempt: job.attemptsMade + 1,
        ran_ms: Date.now() - began,
        ...failed,
      }).catch((cause: unknown) => jobLog.debug({ err: cause }, 'the attempt was not recorded'));
      // BullMQ keeps the message with the job, and retries unless it is an UnrecoverableError.
      if (verdict.kind === 'give-up') throw new UnrecoverableError(describeError(error));
      throw new Error(describeError(error), { cause: error });
    }
  };

  const workers = queueNames.map((queue) => {
    const worker = new Worker(queue, (job, token) => run(queue, job, token), {
      connection: redis,
      prefix: bullPrefix,
      concurrency,
      lockDuration: times.lockMs,
      stalledInterval: times.stalledMs,
      // Whoever stalls too often is set apart, and not condemned by its number.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      // Fetches come back at least this often: what the heartbeat counts as a sign of life.
      drainDelay: 5,
      runRetryDelay: 1000,
      // Its finishing script counts final outcomes: queue_jobs_completed and queue_jobs_failed. A point is a minute.
      metrics: { maxDataPoints: 60 },
    });
    worker.on('failed', (job) => {
      if (!job || job.finishedOn) onFailed();
    });
    worker.on('error', (error) => {
      if (!(error instanceof QueuesUnavailable)) log.debug({ err: error, queue }, 'BullMQ worker');
    });
    worker.on('stalled', (id) => {
      instruments[queue].stalled();
      log.warn({ queue, job_id: id }, 'job taken back from a worker that stopped renewing it');
    });
    return worker;
  });

  const stop = (): void => {
    stopped ??= Promise.allSettled(workers.map((worker) => worker.close()));
  };

  return {
    workers,
    async ready() {
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    },
    stop,
    async [Symbol.asyncDispose]() {
      stop();
      if (await within(stopped, times.finishMs)) return;
      log.warn('jobs are still running: they are aborted and go back to their queues');
      stopping.abort(new Stopping('the worker stops'));
      if (await within(stopped, HAND_BACK_MS)) return;
      log.warn('jobs did not end: their locks run out, and another worker takes them over');
      for (const worker of workers) void worker.disconnect().catch(() => {});
    },
  };
}

async function within(work: Promise<unknown> | undefined, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const done = (work ?? Promise.resolve()).then(() => true);
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
