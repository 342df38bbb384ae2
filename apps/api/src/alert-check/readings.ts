/** The counters whose rises are evaluated. */
export const watchedCounters = [
  'queue_jobs_enqueued',
  'queue_jobs_completed',
  'queue_jobs_failed',
  'queue_jobs_dead_letter',
  'calls_rejected_max_concurrent',
] as const;
type Watched = (typeof watchedCounters)[number];

/** The counters at one moment. Times are Unix seconds by the api's clock. */
export interface Reading {
  at: number;
  /** When the counters started at zero. */
  since: number;
  counters: Record<Watched, number>;
}

/** How much the counters rose within the window. */
export interface Rises {
  deadLetter: number;
  callsRejected: number;
  /** Jobs enqueued while none completed or failed; 0 if one did. */
  stalled: number;
  /** The time that `deadLetter` and `callsRejected` cover. */
  seconds: number;
  /** The time that `stalled` covers. */
  stalledSeconds: number;
}

/** Jobs enqueued later than this may still be in progress. */
const SETTLED_SECONDS = 60;

/**
 * The readings to keep, oldest first and `reading` last: those within the window and two from before it, so that runs further apart
 * than the window leave no gap. If the counters restarted at zero since the last reading, they are compared with zero.
 */
export function addReading(
  kept: readonly Reading[],
  reading: Reading,
  windowSeconds: number,
): [...Reading[], Reading] {
  const last = kept.at(-1);
  let earlier = kept.filter(({ at, since }) => since === reading.since && at < reading.at);
  if (earlier.length === 0 && last !== undefined && last.at < reading.since)
    earlier = [zeroAt(reading.since)];
  const begin = reading.at - windowSeconds;
  const before = earlier.filter(({ at }) => at <= begin).slice(-2);
  return [...before, ...earlier.filter(({ at }) => at > begin), reading];
}

/** The rises in the window up to the last reading. Undefined if there is no earlier reading. */
export function risesOf(readings: readonly Reading[], windowSeconds: number): Rises | undefined {
  const now = readings.at(-1);
  const earlier = readings.slice(0, -1);
  if (now === undefined || earlier.length === 0) return undefined;
  const base = lastAtOrBefore(earlier, now.at - windowSeconds) ?? earlier[0]!;
  const settledAt = earlier.findLastIndex(({ at }) => at <= now.at - SETTLED_SECONDS);
  const settled = earlier[settledAt];
  const beforeSettled = earlier.slice(0, Math.max(0, settledAt));
  const stalledBase = lastAtOrBefore(beforeSettled, now.at - windowSeconds) ?? beforeSettled[0];
  const noJobEnded =
    stalledBase !== undefined &&
    rise(stalledBase, now, 'queue_jobs_completed') + rise(stalledBase, now, 'queue_jobs_failed') === 0;
  return {
    deadLetter: rise(base, now, 'queue_jobs_dead_letter'),
    callsRejected: rise(base, now, 'calls_rejected_max_concurrent'),
    stalled: noJobEnded && settled !== undefined ? rise(stalledBase, settled, 'queue_jobs_enqueued') : 0,
    seconds: now.at - base.at,
    stalledSeconds: now.at - (stalledBase ?? base).at,
  };
}

const zeroAt = (since: number): Reading => ({
  at: since,
  since,
  counters: Object.fromEntries(watchedCounters.map((name) => [name, 0])) as Reading['counters'],
});

const lastAtOrBefore = (readings: readonly Reading[], time: number): Reading | undefined =>
  readings.findLast(({ at }) => at <= time);

/** 0 if the counter fell: an api that has just started may know a lower total than the one before it. */
const rise = (from: Reading, to: Reading, name: Watched): number =>
  Math.max(0, to.counters[name] - from.counters[name]);
