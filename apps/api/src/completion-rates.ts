import type { QueueTotals } from '@prosaas/queues';

const WINDOW_MS = 5 * 60_000;
const SAMPLE_INTERVAL_MS = 10_000;
/** Samples over less time do not give a rate. */
const MIN_SPAN_MS = 30_000;

type Completed = Readonly<Record<string, { readonly completed: number }>>;

/** Completed jobs per minute of each queue over the last 5 minutes, from samples of the totals in Redis. */
export class CompletionRates {
  #samples: { at: number; queues: Completed }[] = [];

  /** Takes a sample at most every 10 s, however often it is called. `now` is ms of a steady clock. */
  add({ queues }: Pick<QueueTotals, 'queues'>, now: number = performance.now()): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < SAMPLE_INTERVAL_MS) return;
    // Redis lost its data: the totals restarted from 0.
    const wasReset = Object.entries(last?.queues ?? {}).some(
      ([name, { completed }]) => queues[name as keyof typeof queues].completed < completed,
    );
    if (wasReset) this.#samples = [];
    this.#samples.push({ at: now, queues });
    this.#samples = this.#samples.filter(({ at }) => now - at <= WINDOW_MS);
  }

  /** Null until the samples cover 30 s. */
  perMinute(queue: string, now: number = performance.now()): number | null {
    const samples = this.#samples.filter(({ at }) => now - at <= WINDOW_MS);
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < MIN_SPAN_MS) return null;
    const done = (last.queues[queue]?.completed ?? 0) - (first.queues[queue]?.completed ?? 0);
    return Math.round((done / ((last.at - first.at) / 60_000)) * 100) / 100;
  }
}
