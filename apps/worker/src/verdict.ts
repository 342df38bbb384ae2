import { classifyDatabaseError, isRetryableDatabaseError } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import type { QueueDefinition } from '@prosaas/queues';
import { SenderAway } from './baileys-client.ts';

/** The worker stops: running jobs go back to their queue. */
export class Stopping extends Error {
  override name = 'Stopping';
}

/** The job ended or was released again while this attempt ran. */
export class Superseded extends Error {
  override name = 'Superseded';
}

/** The data that the handler read has changed: run it again at once. */
export class RetryNow extends Error {
  override name = 'RetryNow';
}

/** A job ran for as long as its queue allows. */
export class TimeIsUp extends Error {
  override name = 'TimeIsUp';

  constructor() {
    super('the job took longer than its time limit');
  }
}

export type Verdict =
  /** It ended in another way: there is nothing left to do. */
  | { kind: 'superseded' }
  /** Not the job's fault: it is tried again, and no attempt is used up. */
  | { kind: 'requeue'; afterMs: number }
  /** It failed, and is tried again. */
  | { kind: 'retry' }
  /** A retry can't help, or it was the last one. */
  | { kind: 'fail' };

/** How long an answer waits for a working sender, from its release. Then it fails, for a person to decide. */
export const SENDER_PATIENCE_MS = 3_600_000;

/** How long locks, deadlocks and timeouts use up no attempt. After that they may be the job's own fault. */
const BUSY_PATIENCE_MS = 3_600_000;

/** What becomes of a job after an error. `ageMs`: since its release. */
export function judge(
  error: unknown,
  { isLastAttempt, ageMs }: { isLastAttempt: boolean; ageMs: number },
): Verdict {
  if (error instanceof Superseded) return { kind: 'superseded' };
  if (error instanceof Stopping || error instanceof RetryNow) return { kind: 'requeue', afterMs: 0 };
  switch (classifyDatabaseError(error)?.kind) {
    // Nothing can be done, nor written down as failed.
    case 'unavailable':
    case 'cannot_write':
      return { kind: 'requeue', afterMs: 2000 };
    // An operator has to mend tables or grants: every job meets the same.
    case 'mismatch':
    case 'other':
      return { kind: 'requeue', afterMs: lessAndLessOften(ageMs, 2000) };
    case 'busy':
      if (ageMs < BUSY_PATIENCE_MS) return { kind: 'requeue', afterMs: lessAndLessOften(ageMs, 1000) };
      break;
    default:
  }
  if (error instanceof SenderAway && ageMs < SENDER_PATIENCE_MS) {
    return { kind: 'requeue', afterMs: lessAndLessOften(ageMs, 1000) };
  }
  if (error instanceof AppError && !error.retryable) return { kind: 'fail' };
  return { kind: isLastAttempt ? 'fail' : 'retry' };
}

const lessAndLessOften = (ageMs: number, leastMs: number): number =>
  Math.min(Math.max(ageMs / 4, leastMs), 30_000);

/** The pause after a failed attempt, the first one being 1. */
export function backoffMs(
  { delayMs, jitter }: QueueDefinition['backoff'],
  attempt: number,
  random: number = Math.random(),
): number {
  return delayMs * 2 ** (attempt - 1) * (1 - jitter * random);
}

/** An error for the log: with its stack only where nobody expected it. */
export function reportOf(error: unknown): { error: string } | { err: unknown } {
  const isExpected = [AppError, TimeIsUp].some((kind) => error instanceof kind);
  return isExpected || isRetryableDatabaseError(error) ? { error: describeError(error) } : { err: error };
}

/** An error as stored with a job or message: code and text, no stack, without characters that PostgreSQL rejects. */
export function describeError(error: unknown): string {
  const text =
    error instanceof Error
      ? `${error instanceof AppError ? error.code : error.name}: ${error.message}`
      : String(error);
  return text.slice(0, 500).replaceAll('\0', '').toWellFormed();
}
