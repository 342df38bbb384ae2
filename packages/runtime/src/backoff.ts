import { setTimeout as sleep } from 'node:timers/promises';

export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** Share of the delay that is drawn at random, 0 to 1: with 0.5, half to all of it. */
  jitter?: number;
}

/** Delay before attempt `attempt` (1 is the first repeat): doubles from `baseMs` up to `maxMs`. */
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
  /** Told of each failure; `attempt` counts from 1. */
  onError: (error: unknown, attempt: number) => void;
}

/** Repeats `task` until it succeeds; rejects only when `signal` aborts. */
export async function retryForever<T>(
  task: (signal: AbortSignal) => Promise<T>,
  { signal, onError, ...delays }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await task(signal);
    } catch (error) {
      signal.throwIfAborted();
      onError(error, attempt);
    }
    await sleep(backoff(delays, attempt), undefined, { signal });
  }
}
