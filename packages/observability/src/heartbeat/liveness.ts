import type { ConsumerLiveness } from './consumer.ts';

/** What a consumer was seen doing. Times are ms of any one clock. */
export interface ConsumerActivity {
  /** When a job was taken last. */
  readonly jobTakenAt: number | undefined;
  /** When its blocking fetch came back last, with a job or without. */
  readonly fetchedAt: number | undefined;
  readonly isRunning: boolean;
  readonly isPaused: boolean;
  readonly isRateLimited: boolean;
  /** How many jobs it may run at once. */
  readonly slots: number;
  /** When each running job was started. */
  readonly startedAt: readonly number[];
}

/** An idle fetch blocks for up to 10 s, so a shorter period without one says nothing, however short the heartbeat interval is. */
const MIN_PERIOD_MS = 12_000;

/** Decides whether a consumer worked since `since`. */
export function livenessOf(
  activity: ConsumerActivity,
  timeLimitMs: number,
  since: number,
  now: number,
): ConsumerLiveness {
  const { jobTakenAt, fetchedAt, isRunning, isPaused, isRateLimited, slots, startedAt } = activity;
  const from = Math.min(since, now - MIN_PERIOD_MS);
  if (isPaused) return { ok: true, by: 'paused' };
  if (!isRunning) return { ok: false, why: 'it does not run' };
  if (jobTakenAt !== undefined && jobTakenAt >= from) return { ok: true, by: 'job' };
  if (fetchedAt !== undefined && fetchedAt >= from) return { ok: true, by: 'fetch' };
  if (isRateLimited) return { ok: true, by: 'rate_limited' };
  const overdue = startedAt.filter((at) => now - at > timeLimitMs).length;
  if (startedAt.length >= slots) {
    if (overdue === 0) return { ok: true, by: 'busy' };
    return { ok: false, why: `all ${slots} slots are busy, ${overdue} beyond the time limit of a job` };
  }
  const seconds = Math.round((now - from) / 1000);
  return {
    ok: false,
    why: `no job was taken and no fetch came back for ${seconds} s, with ${slots - startedAt.length} of ${slots} slots free`,
  };
}
