import type { Worker } from 'bullmq';
import type { Consumer } from './consumer.ts';
import { type ConsumerActivity, livenessOf } from './liveness.ts';

export interface BullWorkerOptions {
  /** How long a job may run, 10 minutes by default. A job that runs longer blocks its slot and no longer counts as work. */
  timeLimitMs?: number;
  /** False leaves this worker out of `last_job_at`: for queues of housekeeping jobs. True by default. */
  reportsLastJob?: boolean;
}

/**
 * The parts of a BullMQ 6 worker that are used beyond its public API. The event `active` announces each job that is taken; no event
 * says that a blocking fetch came back without a job, or for how long a job has been running.
 */
interface WorkerInternals {
  readonly backend: { waitForJob(blockTimeout: number): Promise<unknown> };
  callProcessJob(...args: unknown[]): Promise<unknown>;
  /** Unix ms until which the worker is rate-limited. */
  readonly limitUntil: number;
}

/**
 * BullMQ abandons a fetch one second after its block timeout and then returns the same as for an empty queue. A fetch that took longer
 * than this beyond its timeout does not show that the blocking connection works.
 */
const FETCH_SLACK_MS = 900;

/**
 * Observes a BullMQ worker as a `Consumer`. Call it before the worker's first job. It wraps two methods of this one worker; disposing
 * restores them.
 *
 * @throws TypeError on a BullMQ version whose workers lack those methods
 */
export function watchBullWorker(
  worker: Worker,
  { timeLimitMs = 10 * 60_000, reportsLastJob = true }: BullWorkerOptions = {},
): Consumer {
  const internals = worker as unknown as WorkerInternals;
  const { backend } = internals;
  const running = new Map<symbol, number>();
  let jobTakenAt: number | undefined;
  let fetchedAt: number | undefined;

  const { promise: firstActivity, resolve: markReady } = Promise.withResolvers<void>();

  const onActive = (): void => {
    jobTakenAt = performance.now();
    markReady();
  };
  // Emitted once when the queue is found empty. From then on only the blocking fetch comes back.
  const onDrained = (): void => {
    fetchedAt = performance.now();
    markReady();
  };
  worker.on('active', onActive).on('drained', onDrained).on('paused', markReady);

  const waitForJob = override(backend, 'waitForJob', (original) => async (blockTimeout: number) => {
    const started = performance.now();
    const marker = await original(blockTimeout);
    const isLate = performance.now() - started > blockTimeout * 1000 + FETCH_SLACK_MS;
    if (marker !== null || !isLate) {
      fetchedAt = performance.now();
      markReady();
    }
    return marker;
  });
  const callProcessJob = override(internals, 'callProcessJob', (original) => async (...args: unknown[]) => {
    const slot = Symbol('slot');
    running.set(slot, performance.now());
    try {
      return await original(...args);
    } finally {
      running.delete(slot);
    }
  });

  const activity = (): ConsumerActivity => ({
    jobTakenAt,
    fetchedAt,
    isRunning: worker.isRunning(),
    isPaused: worker.isPaused(),
    isRateLimited: internals.limitUntil > Date.now(),
    slots: worker.concurrency,
    startedAt: [...running.values()],
  });

  return {
    queue: worker.name,
    get lastJobAt() {
      return reportsLastJob ? jobTakenAt : undefined;
    },
    ready: () => firstActivity,
    checkLiveness: (since, now) => livenessOf(activity(), timeLimitMs, since, now),
    [Symbol.dispose]: () => {
      worker.off('active', onActive).off('drained', onDrained).off('paused', markReady);
      waitForJob[Symbol.dispose]();
      callProcessJob[Symbol.dispose]();
    },
  };
}

/** Wraps a method of this one object until disposed of. */
function override<T extends object, K extends keyof T>(
  target: T,
  key: K,
  wrap: (original: T[K]) => T[K],
): Disposable {
  const original = target[key];
  if (typeof original !== 'function')
    throw new TypeError(`this version of BullMQ has no ${String(key)} to watch`);
  const own = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, {
    value: wrap(original.bind(target) as T[K]),
    configurable: true,
    writable: true,
  });
  return {
    [Symbol.dispose]: () => {
      if (own) Object.defineProperty(target, key, own);
      else delete target[key];
    },
  };
}
