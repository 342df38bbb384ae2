import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Limits {
  least: number;
  most: number;
}

/** Later than this, jobs wait for each other's computing, and so do the renewals of their locks. */
const LATE_MS = 100;
/** Until here there is room for more. */
const IN_TIME_MS = 40;

/**
 * Jobs at once for the next second, by how late timers were in the last: halved when they are late, a tenth of the most added while
 * they are in time, and left alone between (additive increase, multiplicative decrease, as TCP does: Jacobson 1988).
 */
export function nextConcurrency(current: number, { least, most }: Limits, delayMs: number): number {
  if (delayMs > LATE_MS) return Math.max(least, Math.floor(current / 2));
  if (delayMs > IN_TIME_MS) return Math.min(most, Math.max(least, current));
  return Math.min(most, Math.max(least, current + Math.ceil(most / 10)));
}

export interface Adaptable {
  /** What is turned: a BullMQ worker takes another number at once. */
  worker: { concurrency: number };
  limits: Limits;
  /** Hears of each change, and of the first number. */
  onSet: (concurrency: number) => void;
}

const RESOLUTION_MS = 10;
/** One pause, as for a garbage collection, is no lateness: nine turns of ten must be. */
const PERCENTILE = 90;

/** Keeps the concurrency of workers to what this process' event loop can carry, second by second. */
export function adaptConcurrency(adaptable: readonly Adaptable[], everyMs = 1000): Disposable {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  for (const { worker, onSet } of adaptable) onSet(worker.concurrency);
  const timer = setInterval(() => {
    // It records the time from one look to the next.
    const delayMs = histogram.count === 0 ? 0 : histogram.percentile(PERCENTILE) / 1e6 - RESOLUTION_MS;
    histogram.reset();
    for (const { worker, limits, onSet } of adaptable) {
      const next = nextConcurrency(worker.concurrency, limits, delayMs);
      if (next === worker.concurrency) continue;
      worker.concurrency = next;
      onSet(next);
    }
  }, everyMs);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
