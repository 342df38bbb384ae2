import type { Proof } from './consumer.ts';

/** What was seen of a consumer. Times are ms of any one clock. */
export interface Evidence {
  readonly jobTakenAt: number | undefined;
  /** When its blocking fetch came back, with a job or without. */
  readonly fetchedAt: number | undefined;
  readonly running: boolean;
  readonly paused: boolean;
  readonly rateLimited: boolean;
  readonly slots: number;
  /** When each job that runs now was started. */
  readonly startedAt: readonly number[];
}

/**
 * The longest that an idle fetch blocks by itself is 10 s: a shorter time without one proves nothing, however short
 * the beat.
 */
const PATIENCE_MS = 12_000;

/** Decides whether a consumer worked since `since`. */
export function judge(evidence: Evidence, timeLimitMs: number, since: number, now: number): Proof {
  const { jobTakenAt, fetchedAt, running, paused, rateLimited, slots, startedAt } = evidence;
  const from = Math.min(since, now - PATIENCE_MS);
  if (paused) return { ok: true, by: 'paused' };
  if (!running) return { ok: false, why: 'it does not run' };
  if (jobTakenAt !== undefined && jobTakenAt >= from) return { ok: true, by: 'job' };
  if (fetchedAt !== undefined && fetchedAt >= from) return { ok: true, by: 'fetch' };
  if (rateLimited) return { ok: true, by: 'rate_limited' };
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
