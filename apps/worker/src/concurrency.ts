import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Limits {
  min: number;
  max: number;
}

/** Above this delay of the event loop, jobs hold each other up, and the renewals of their locks. */
const HIGH_DELAY_MS = 100;
/** Up to this delay there is room for more jobs. */
const LOW_DELAY_MS = 40;

/**
 * The concurrency for the next second, from the event loop's delay in the last one: halved above `HIGH_DELAY_MS`, raised by a tenth of the
 * maximum up to `LOW_DELAY_MS`, unchanged in between (additive increase, multiplicative decrease, as in TCP: Jacobson 1988).
 */
export function nextConcurrency(current: number, { min, max }: Limits, delayMs: number): number {
  if (delayMs > HIGH_DELAY_MS) return Math.max(min, Math.floor(current / 2));
  if (delayMs > LOW_DELAY_MS) return Math.min(max, Math.max(min, current));
  return Math.min(max, Math.max(min, current + Math.ceil(max / 10)));
}

export interface AdaptiveWorker {
  /** A BullMQ worker, which applies a new concurrency at once. */
  worker: { concurrency: number };
  limits: Limits;
  /** Called with the initial concurrency and after each change. */
  onSet: (concurrency: number) => void;
}

const RESOLUTION_MS = 10;
/** Ignores single pauses such as a garbage collection. */
const PERCENTILE = 90;

/** Adapts the concurrency of BullMQ workers to the delay of this process' event loop, every second. */
export function adaptConcurrency(adaptable: readonly AdaptiveWorker[], everyMs = 1000): Disposable {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  for (const { worker, onSet } of adaptable) onSet(worker.concurrency);
  const timer = setInterval(() => {
    // The histogram holds the whole time between two timer ticks.
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
