import { classifyDatabaseError, isRetryableDatabaseError } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import type { QueueDefinition } from '@prosaas/queues';
import { SenderAway } from './baileys-client.ts';

/** The worker stops: running jobs are requeued. */
export class Stopping extends Error {
  override name = 'Stopping';
}

/** The job has ended or was released again while this attempt ran. */
export class Superseded extends Error {
  override name = 'Superseded';
}

/** The data that the handler had read was changed: run the job again at once. */
export class RetryNow extends Error {
  override name = 'RetryNow';
}

/** A job reached its queue's time limit. */
export class TimeIsUp extends Error {
  override name = 'TimeIsUp';

  constructor() {
    super('the job took longer than its time limit');
  }
}

/** What happens to a job after an error. */
export type ErrorAction =
  /** Nothing: the job has ended or was released again. */
  | { kind: 'superseded' }
  /** Not the job's fault: it runs again, and no attempt is used up. */
  | { kind: 'requeue'; afterMs: number }
  /** The attempt failed; another one follows. */
  | { kind: 'retry' }
  /** The job fails: a retry cannot help, or this was the last attempt. */
  | { kind: 'fail' };

/** How long an answer waits for a working sender, from its release. Then the job fails, and a person decides. */
export const MAX_SENDER_WAIT_MS = 3_600_000;

/** How long locks, deadlocks and timeouts use up no attempt, from the release. After that the job itself may cause them. */
const MAX_BUSY_WAIT_MS = 3_600_000;

/** Decides what happens to a job after an error. `ageMs`: time since its release. */
export function actionFor(
  error: unknown,
  { isLastAttempt, ageMs }: { isLastAttempt: boolean; ageMs: number },
): ErrorAction {
  if (error instanceof Superseded) return { kind: 'superseded' };
  if (error instanceof Stopping || error instanceof RetryNow) return { kind: 'requeue', afterMs: 0 };
  switch (classifyDatabaseError(error)?.kind) {
    // The outcome cannot be stored either.
    case 'unavailable':
    case 'cannot_write':
      return { kind: 'requeue', afterMs: 2000 };
    // An operator has to fix tables or grants; every job fails alike.
    case 'mismatch':
    case 'other':
      return { kind: 'requeue', afterMs: growingDelay(ageMs, 2000) };
    case 'busy':
      if (ageMs < MAX_BUSY_WAIT_MS) return { kind: 'requeue', afterMs: growingDelay(ageMs, 1000) };
      break;
    default:
  }
  if (error instanceof SenderAway && ageMs < MAX_SENDER_WAIT_MS) {
    return { kind: 'requeue', afterMs: growingDelay(ageMs, 1000) };
  }
  if (error instanceof AppError && !error.retryable) return { kind: 'fail' };
  return { kind: isLastAttempt ? 'fail' : 'retry' };
}

/** Grows with the age of the job, from `minMs` to 30 s. */
const growingDelay = (ageMs: number, minMs: number): number => Math.min(Math.max(ageMs / 4, minMs), 30_000);

/** The delay after a failed attempt; attempts count from 1. */
export function backoffMs(
  { delayMs, jitter }: QueueDefinition['backoff'],
  attempt: number,
  random: number = Math.random(),
): number {
  return delayMs * 2 ** (attempt - 1) * (1 - jitter * random);
}

/** Log fields about an error: its text, or the whole error with its stack if it is unexpected. */
export function errorFields(error: unknown): { error: string } | { err: unknown } {
  const isExpected = [AppError, TimeIsUp].some((kind) => error instanceof kind);
  return isExpected || isRetryableDatabaseError(error) ? { error: describeError(error) } : { err: error };
}

/** The text of an error as stored with a job or message: code and message without a stack, and without characters that PostgreSQL rejects. */
export function describeError(error: unknown): string {
  const text =
    error instanceof Error
      ? `${error instanceof AppError ? error.code : error.name}: ${error.message}`
      : String(error);
  return text.slice(0, 500).replaceAll('\0', '').toWellFormed();
}
