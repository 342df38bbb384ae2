import { queueNames, queueTable, type QueueName } from '@prosaas/queues';
import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { adaptConcurrency } from './concurrency.ts';
import { type JobRunner, requeue, runJob } from './run-job.ts';
import { RunningJobs } from './running-jobs.ts';
import { Stopping } from './job-errors.ts';

export interface ConsumerTimes {
  /** Lifetime of a job's lock, renewed at half of it. The jobs of a dead worker stay locked for so long. */
  lockMs: number;
  /** How often BullMQ checks for the jobs of dead workers. */
  stalledMs: number;
  /** How long running jobs may go on after `stop`; then they are aborted and requeued. */
  finishMs: number;
}

export const consumerTimes: ConsumerTimes = { lockMs: 20_000, stalledMs: 10_000, finishMs: 12_000 };

/** How long aborted jobs have to requeue themselves; then the connection is closed, and they return when their locks expire. */
const REQUEUE_MS = 4000;

export interface Consumers extends AsyncDisposable {
  workers: readonly Worker[];
  /** Resolves when all workers are connected. */
  ready(): Promise<void>;
  /** Starts no more jobs. */
  stop(): void;
}

/** Starts one BullMQ worker per queue. */
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
  /** Maximum of concurrent jobs per queue. */
  concurrency: number;
  /** Maximum of jobs per second that all workers together start. */
  rateLimits: Partial<Record<QueueName, number>>;
  times: ConsumerTimes;
}): Consumers {
  const { instruments, log } = work;
  const runner: JobRunner = { ...work, running: new RunningJobs() };
  let stopped: Promise<unknown> | undefined;

  const workers = queueNames.map((queue) => {
    // A fetch that was pending when the worker was stopped may still return a job.
    const process = (job: Job, token?: string): Promise<void> =>
      stopped ? requeue(job, token, { afterMs: 0, log }) : runJob(runner, queue, job, token);
    const worker = new Worker(queue, process, {
      connection: redis,
      prefix: bullPrefix,
      concurrency,
      // Stored with each job as `processedBy`.
      name: work.instance,
      ...(rateLimits[queue] !== undefined && { limiter: { max: rateLimits[queue], duration: 1000 } }),
      lockDuration: times.lockMs,
      stalledInterval: times.stalledMs,
      // `runJob` handles stalled jobs, by the deaths counted in their rows.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      // Seconds after which a blocking fetch returns. The heartbeat counts each return as a sign of life.
      drainDelay: 5,
      runRetryDelay: 1000,
      // Makes BullMQ count final outcomes, for queue_jobs_completed and queue_jobs_failed. A data point is a minute.
      metrics: { maxDataPoints: 60 },
    });
    worker.on('error', (error) => log.debug({ err: error, queue }, 'BullMQ worker'));
    worker.on('stalled', (id) => {
      instruments[queue].stalled();
      log.warn({ queue, job_id: id }, 'a job stalled: its worker stopped renewing its lock');
    });
    return worker;
  });

  const adapting = adaptConcurrency(
    workers.map((worker, index) => {
      const queue = queueNames[index]!;
      const min = Math.min(queueTable[queue].minConcurrency, concurrency);
      return { worker, limits: { min, max: concurrency }, onSet: instruments[queue].concurrency };
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
      if (await settlesWithin(stopped, times.finishMs)) return;
      log.warn('jobs are still running: they are aborted and requeued');
      runner.running.abortAll(new Stopping('the worker stops'));
      if (await settlesWithin(stopped, REQUEUE_MS)) return;
      log.warn('aborted jobs did not end: another worker takes them over when their locks expire');
      for (const worker of workers) void worker.disconnect().catch(() => {});
    },
  };
}

async function settlesWithin(work: Promise<unknown> | undefined, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const done = (work ?? Promise.resolve()).then(() => true);
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
