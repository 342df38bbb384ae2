import { queueNames, queueTable, type QueueName } from '@prosaas/queues';
import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { adaptConcurrency } from './concurrency.ts';
import { type JobRunner, requeue, runJob } from './run-job.ts';
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

/** Aborted jobs have this long to requeue themselves; then the connection is closed and their locks expire. */
const REQUEUE_MS = 4000;

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
  rateLimits,
  times,
  ...work
}: Omit<JobRunner, 'running'> & {
  redis: Redis;
  bullPrefix: string;
  /** Jobs of one queue at once. */
  concurrency: number;
  /** Most jobs of a queue that all workers together start in a second. */
  rateLimits: Partial<Record<QueueName, number>>;
  times: ConsumerTimes;
}): Consumers {
  const { instruments, log } = work;
  const runner: JobRunner = { ...work, running: new RunningJobs() };
  let stopped: Promise<unknown> | undefined;

  const workers = queueNames.map((queue) => {
    // A fetch that was under way when the worker was told to stop may still bring a job.
    const take = (job: Job, token?: string): Promise<void> =>
      stopped ? requeue(job, token, { afterMs: 0, log }) : runJob(runner, queue, job, token);
    const worker = new Worker(queue, take, {
      connection: redis,
      prefix: bullPrefix,
      concurrency,
      // Kept with each job that it takes.
      name: work.instance,
      ...(rateLimits[queue] !== undefined && { limiter: { max: rateLimits[queue], duration: 1000 } }),
      lockDuration: times.lockMs,
      stalledInterval: times.stalledMs,
      // Jobs that stall are handled by their rows: see `runJob`.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      // Fetches come back at least this often: what the heartbeat counts as a sign of life.
      drainDelay: 5,
      runRetryDelay: 1000,
      // Its finishing script counts final outcomes: queue_jobs_completed and queue_jobs_failed. A point is a minute.
      metrics: { maxDataPoints: 60 },
    });
    worker.on('error', (error) => log.debug({ err: error, queue }, 'BullMQ worker'));
    worker.on('stalled', (id) => {
      instruments[queue].stalled();
      log.warn({ queue, job_id: id }, 'job taken back from a worker that stopped renewing it');
    });
    return worker;
  });

  const adapting = adaptConcurrency(
    workers.map((worker, index) => {
      const queue = queueNames[index]!;
      const least = Math.min(queueTable[queue].minConcurrency, concurrency);
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
      runner.running.abortAll(new Stopping('the worker stops'));
      if (await within(stopped, REQUEUE_MS)) return;
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
