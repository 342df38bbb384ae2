import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  timeoutMs?: number;
  everyMs?: number;
  /** What is awaited, for the message of the time-out error. */
  what?: string;
}

/**
 * Calls `fn` until it returns something other than `undefined`, `null` or `false`, and returns that.
 * A throw counts as "not yet"; the last one is the cause of the error at the end.
 */
export async function poll<T>(
  fn: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 25, what = 'a state' }: PollOptions = {},
): Promise<Exclude<Awaited<T>, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await fn();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<Awaited<T>, undefined | null | false>;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause });
}
