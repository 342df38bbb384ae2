import { setTimeout as sleep } from 'node:timers/promises';
import type { OutageLog } from './outage-log.ts';

export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** Share of the delay that is drawn at random, 0 to 1: with 0.5, half to all of it. */
  jitter?: number;
}

/** Delay before retry number `attempt`, counted from 1: doubles from `baseMs` up to `maxMs`. */
export function backoff(
  { baseMs, maxMs, jitter = 0.5 }: BackoffOptions,
  attempt: number,
  random: () => number = Math.random,
): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(attempt, 1) - 1, 30));
  return Math.round(full * (1 - jitter * random()));
}

export interface RetryOptions extends BackoffOptions {
  signal: AbortSignal;
  /** Called after each failure; `attempt` counts from 1. An error that it throws ends the retries. */
  onError?: (error: unknown, attempt: number) => void;
  /** Logs the failures as one outage. */
  outage?: OutageLog;
}

/** Retries `task` until it succeeds. Rejects only when `signal` aborts, or with an error that `onError` throws. */
export async function retryForever<T>(
  task: (signal: AbortSignal) => Promise<T>,
  { signal, onError, outage, ...delays }: RetryOptions,
): Promise<T> {
  try {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        const result = await task(signal);
        outage?.worked(task);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        onError?.(error, attempt);
        outage?.failed(error, { source: task });
      }
      await sleep(backoff(delays, attempt), undefined, { signal });
    }
  } catch (error) {
    outage?.forget(task);
    throw error;
  }
}
