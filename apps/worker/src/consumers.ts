import { QueuesUnavailable, queueNames } from '@prosaas/queues';
import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { adaptConcurrency } from './concurrency.ts';
import { type Attempts, handBack, runJob } from './run-job.ts';
import { RunningJobs } from './running-jobs.ts';
import { Stopping } from './verdict.ts';

export interface ConsumerTimes {
  /** A worker that died holds its jobs for so long; a renewal goes out at half of it. */
  lockMs: number;
  /** How often the jobs of dead workers are looked for. */
  stalledMs: number;
  /** How long running jobs may go on after `stop`; then they are aborted and go back to their queues. */
  finishMs: number;
}

export const consumerTimes: ConsumerTimes = { lockMs: 20_000, stalledMs: 10_000, finishMs: 12_000 };

/** Aborted jobs get so long to hand themselves back; then the connection is cut and their locks run out. */
const HAND_BACK_MS = 4000;
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
  concurrency,
  onFailed,
  times,
  ...work
}: Omit<Attempts, 'running'> & {
  redis: Redis;
  bullPrefix: string;
  /** Jobs of one queue at once. */
  concurrency: number;
  /** A job has failed for good, or may have. */
  onFailed: () => void;
  times: ConsumerTimes;
}): Consumers {
  const { queues, instruments, log } = work;
  const attempts: Attempts = { ...work, running: new RunningJobs() };
  let stopped: Promise<unknown> | undefined;

  const workers = queueNames.map((queue) => {
    // A fetch that was under way when the worker was told to stop may still bring a job.
    const take = (job: Job, token?: string): Promise<void> =>
      stopped ? handBack(job, token, { afterMs: 0, log }) : runJob(attempts, queue, job, token);
    const worker = new Worker(queue, take, {
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

  const adapting = adaptConcurrency(
    workers.map((worker, index) => {
      const queue = queueNames[index]!;
      const least = Math.min(queues[queue].leastConcurrency, concurrency);
      return { worker, limits: { least, most: concurrency }, onSet: instruments[queue].concurrency };
    }),
  );

  const stop = (): void => {
    adapting[Symbol.dispose]();
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
      attempts.running.abortAll(new Stopping('the worker stops'));
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
