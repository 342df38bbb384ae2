import type { Worker } from 'bullmq';
import type { Consumer } from './consumer.ts';
import { type Evidence, judge } from './evidence.ts';

export interface BullWorkerOptions {
  /** How long a job may run. One that takes longer blocks a slot without working. */
  timeLimitMs?: number;
  /** False for a queue of housekeeping: `last_job_at` shall tell when the worker last did what it is there for. */
  tellsLastJob?: boolean;
}

/**
 * What this reads of a BullMQ 6 worker beyond its public face. `active` tells of each job that is taken; that a
 * blocking fetch came back without one, and how long a job has been running, no event tells.
 */
interface WorkerInside {
  readonly backend: { waitForJob(blockTimeout: number): Promise<unknown> };
  callProcessJob(...args: unknown[]): Promise<unknown>;
  /** Unix ms. */
  readonly limitUntil: number;
}

/**
 * BullMQ gives up on a fetch one second after it should have come back, and then says the same as if it had come back
 * empty. What took longer than this is no proof that the blocking connection works.
 */
const FETCH_SLACK_MS = 900;

/** Watches a BullMQ worker for proof that it works. Ask before its first job; dispose to leave the worker as it was. */
export function watchBullWorker(
  worker: Worker,
  { timeLimitMs = 10 * 60_000, tellsLastJob = true }: BullWorkerOptions = {},
): Consumer {
  const inside = worker as unknown as WorkerInside;
  const { backend } = inside;
  const running = new Map<symbol, number>();
  let jobTakenAt: number | undefined;
  let fetchedAt: number | undefined;

  const { promise: firstEvidence, resolve: seen } = Promise.withResolvers<void>();

  const onActive = (): void => {
    jobTakenAt = performance.now();
    seen();
  };
  // Told once each time that the queue is found empty; from then on only the blocking fetch comes back.
  const onDrained = (): void => {
    fetchedAt = performance.now();
    seen();
  };
  worker.on('active', onActive).on('drained', onDrained).on('paused', seen);

  const waitForJob = override(backend, 'waitForJob', (original) => async (blockTimeout: number) => {
    const started = performance.now();
    const marker = await original(blockTimeout);
    const late = performance.now() - started > blockTimeout * 1000 + FETCH_SLACK_MS;
    if (marker !== null || !late) {
      fetchedAt = performance.now();
      seen();
    }
    return marker;
  });
  const callProcessJob = override(inside, 'callProcessJob', (original) => async (...args: unknown[]) => {
    const slot = Symbol('slot');
    running.set(slot, performance.now());
    try {
      return await original(...args);
    } finally {
      running.delete(slot);
    }
  });

  const evidence = (): Evidence => ({
    jobTakenAt,
    fetchedAt,
    running: worker.isRunning(),
    paused: worker.isPaused(),
    rateLimited: inside.limitUntil > Date.now(),
    slots: worker.concurrency,
    startedAt: [...running.values()],
  });

  return {
    queue: worker.name,
    get lastJobAt() {
      return tellsLastJob ? jobTakenAt : undefined;
    },
    ready: () => firstEvidence,
    prove: (since, now) => judge(evidence(), timeLimitMs, since, now),
    [Symbol.dispose]: () => {
      worker.off('active', onActive).off('drained', onDrained).off('paused', seen);
      waitForJob[Symbol.dispose]();
      callProcessJob[Symbol.dispose]();
    },
  };
}

/** Puts a function before a method of this one object, and takes it away again. */
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
