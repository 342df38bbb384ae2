import type { ReleasedJob } from '@prosaas/database';
import { backoff, outageLog, type Logger } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { bullJobId, toBullJob } from './bull-job.ts';

const RETRY = { baseMs: 250, maxMs: 2000, jitter: 0.5 };
/** Released jobs kept in memory while Redis is away. The task `lost-jobs` releases any others again. */
const MAX_WAITING = 10_000;
/** Concurrent commands. */
const BATCH = 500;

export interface Relay extends AsyncDisposable {
  /**
   * Adds released jobs to BullMQ. Call it after the commit of the transaction that released them. While Redis is away they wait in memory; if
   * this process dies first, the task `lost-jobs` releases them again.
   */
  enqueue(jobs: readonly (ReleasedJob | undefined)[]): void;
}

/** The relay of the transactional outbox: copies released rows of the table `jobs` to BullMQ. The same release twice is one BullMQ job. */
export function createRelay({
  redis,
  bullPrefix,
  log,
}: {
  redis: Redis;
  bullPrefix: string;
  log: Logger;
}): Relay {
  const bull = openBull(redis, bullPrefix);
  const outage = outageLog(log, {
    waiting: 'released jobs wait for Redis',
    begins: 'released jobs wait for Redis',
    ends: 'Redis takes released jobs again',
  });
  const waiting = new Map<string, ReleasedJob>();
  let isBusy = false;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  let last: Promise<void> = Promise.resolve();

  const add = async (job: ReleasedJob): Promise<void> => {
    const queue = await bull.queue(job.queue);
    const { data, opts } = toBullJob(job);
    await queue.add(job.queue, data, opts);
    waiting.delete(bullJobId(job));
  };

  const drain = async (): Promise<void> => {
    isBusy = true;
    clearTimeout(retry);
    try {
      while (waiting.size > 0 && !closed) {
        const added = await Promise.allSettled([...waiting.values()].slice(0, BATCH).map(add));
        const failed = added.find((one) => one.status === 'rejected');
        if (failed) throw failed.reason;
      }
      failures = 0;
      outage.worked();
    } catch (error) {
      failures += 1;
      outage.failed(error);
      if (!closed) retry = setTimeout(start, backoff(RETRY, failures)).unref();
    } finally {
      isBusy = false;
    }
  };
  const start = (): void => {
    if (!isBusy) last = drain();
  };

  return {
    enqueue(jobs) {
      for (const job of jobs) {
        if (job === undefined) continue;
        if (waiting.size < MAX_WAITING) waiting.set(bullJobId(job), job);
      }
      if (failures === 0 && waiting.size > 0) start();
    },
    async [Symbol.asyncDispose]() {
      await last;
      closed = true;
      clearTimeout(retry);
      outage.forget();
      await bull[Symbol.asyncDispose]();
    },
  };
}
