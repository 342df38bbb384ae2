import { classifyDatabaseError, isDatabaseTrouble } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import { QueuesUnavailable, TurnMissed } from '@prosaas/queues';
import { UnrecoverableError } from 'bullmq';
import { SenderAway } from './baileys-client.ts';
import { LineFull } from './keyed-mutex.ts';
import { Judged } from './sandbox/judged.ts';

/** The worker stops: running jobs go back to their queue. */
export class Stopping extends Error {
  override name = 'Stopping';
}

/** Workers may have died over what the job came to: not to be touched but in a process of its own. */
export class Suspected extends Error {
  override name = 'Suspected';
}

/** A job ran for as long as its queue allows. */
export class TimeIsUp extends Error {
  override name = 'TimeIsUp';

  constructor() {
    super('the job took longer than its time limit');
  }
}

export type Verdict =
  /** Not the job's fault: it goes back to its queue and no attempt is used up. */
  | { kind: 'hand-back'; afterMs: number }
  /** BullMQ repeats it after its backoff. */
  | { kind: 'retry' }
  /** A retry can't help, or it was the last one. */
  | { kind: 'give-up' };

/** For so long an answer waits for somebody to send it; after that it is for a person to decide. */
export const SENDER_PATIENCE_MS = 3_600_000;

/** What becomes of a job, or of one message that it worked on, after an error. `ageMs`: how long it has been there. */
export function judge(
  error: unknown,
  { lastAttempt, ageMs }: { lastAttempt: boolean; ageMs: number },
): Verdict {
  if (error instanceof Judged) return error.verdict;
  if (error instanceof Stopping) return { kind: 'hand-back', afterMs: 0 };
  if (error instanceof TurnMissed) return { kind: 'hand-back', afterMs: 0 };
  if (error instanceof LineFull || error instanceof Suspected) return { kind: 'hand-back', afterMs: 1000 };
  // Without Redis nobody knows whose turn it is.
  if (error instanceof QueuesUnavailable) return { kind: 'hand-back', afterMs: 2000 };
  switch (classifyDatabaseError(error)?.kind) {
    // Nothing can be done, nor written down as failed.
    case 'unavailable':
    case 'cannot_write':
      return { kind: 'hand-back', afterMs: 2000 };
    // An operator has to mend tables or grants: every job meets the same.
    case 'mismatch':
    case 'other':
      return { kind: 'hand-back', afterMs: lessAndLessOften(ageMs, 2000) };
    default:
  }
  if (error instanceof SenderAway && ageMs < SENDER_PATIENCE_MS) {
    return { kind: 'hand-back', afterMs: lessAndLessOften(ageMs, 1000) };
  }
  if (error instanceof UnrecoverableError) return { kind: 'give-up' };
  if (error instanceof AppError && !error.retryable) return { kind: 'give-up' };
  return { kind: lastAttempt ? 'give-up' : 'retry' };
}

const lessAndLessOften = (ageMs: number, leastMs: number): number =>
  Math.min(Math.max(ageMs / 4, leastMs), 30_000);

/** An error for the log: with its stack only where nobody expected it. */
export function reportOf(error: unknown): { error: string } | { err: unknown } {
  const isExpected = [AppError, UnrecoverableError, Judged, TimeIsUp].some((kind) => error instanceof kind);
  return isExpected || isDatabaseTrouble(error) ? { error: describeError(error) } : { err: error };
}

/** An error as it is kept with a job or a message: its code and text, never a stack. */
export function describeError(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.message}`.slice(0, 500);
  // Their texts begin with a code of their own.
  if (error instanceof UnrecoverableError || error instanceof Judged) return error.message.slice(0, 500);
  if (error instanceof Error) return `${error.name}: ${error.message}`.slice(0, 500);
  return String(error).slice(0, 500);
}
