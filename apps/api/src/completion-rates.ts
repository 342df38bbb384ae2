import type { QueueTotals } from '@prosaas/queues';

const WINDOW_MS = 5 * 60_000;
const SAMPLE_MS = 10_000;
/** Of less a rate would be a guess. */
const LEAST_MS = 30_000;

type Completed = Readonly<Record<string, { readonly completed: number }>>;

/** How many jobs of each queue are done a minute, of the last 5: from samples of the totals that Redis counts. */
export class CompletionRates {
  #samples: { at: number; queues: Completed }[] = [];

  /** Called as often as somebody reads the totals; `now` is ms of any steady clock. */
  add({ queues }: Pick<QueueTotals, 'queues'>, now: number = performance.now()): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < SAMPLE_MS) return;
    // Redis came back without its data: what it counts began anew.
    const fell = Object.entries(last?.queues ?? {}).some(
      ([name, { completed }]) => queues[name as keyof typeof queues].completed < completed,
    );
    if (fell) this.#samples = [];
    this.#samples.push({ at: now, queues });
    this.#samples = this.#samples.filter(({ at }) => now - at <= WINDOW_MS);
  }

  /** Null for as long as this process has not looked for half a minute. */
  perMinute(queue: string, now: number = performance.now()): number | null {
    const samples = this.#samples.filter(({ at }) => now - at <= WINDOW_MS);
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return null;
    const done = (last.queues[queue]?.completed ?? 0) - (first.queues[queue]?.completed ?? 0);
    return Math.round((done / ((last.at - first.at) / 60_000)) * 100) / 100;
  }
}
