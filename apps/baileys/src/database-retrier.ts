import { setTimeout as sleep } from 'node:timers/promises';
import { StaleOwner, classifyDatabaseError } from '@prosaas/database';
import { backoff } from '@prosaas/runtime';
import { CorruptAuthState } from './auth-codec.ts';

const DELAYS = { baseMs: 50, maxMs: 2000 };
/** Work that waits longer is reported as an outage. */
const OUTAGE_AFTER_MS = 2000;

/**
 * Whether a retry may succeed. Of the database's errors, only invalid data is final: a missing table, a missing grant or a
 * broken constraint can be fixed by an operator.
 */
export function isRetryable(error: unknown): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  if (kind !== undefined) return kind !== 'invalid_data';
  if (error instanceof StaleOwner || error instanceof CorruptAuthState) return false;
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError);
}

export interface DatabaseRetrierOptions {
  signal: AbortSignal;
  /** How long work may wait for the database before `onExhausted` is called, once per outage. The work goes on waiting. */
  limitMs?: number;
  onExhausted?: (error: unknown) => void;
  /** `begin` is called when work has waited for 2 s or `limitMs`, `end` when the last waiting work succeeds. */
  outage?: { begin: (error: unknown) => void; end: () => void };
}

/**
 * Retries database work until it succeeds, fails for good, or the signal aborts.
 *
 * The WhatsApp client must not see an outage of the database: when a key lookup fails, it asks the sender for the message
 * again. When a lookup takes long, it waits and acknowledges nothing.
 */
export class DatabaseRetrier {
  readonly #options: DatabaseRetrierOptions;
  readonly #running = new Set<Promise<unknown>>();
  /** Calls of `run` that have failed at least once and are not over. */
  #waiting = 0;
  #timers: NodeJS.Timeout[] = [];
  #lastError: unknown;

  constructor(options: DatabaseRetrierOptions) {
    this.#options = options;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#repeat(work);
    const settled = running.catch(() => {});
    this.#running.add(settled);
    void settled.finally(() => this.#running.delete(settled));
    return running;
  }

  /** Resolves when no work runs. After an abort this takes one statement's time limit at most. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- running work may start more
      await Promise.all(this.#running);
    }
  }

  async #repeat<T>(work: () => Promise<T>): Promise<T> {
    const { signal, outage } = this.#options;
    let hasFailed = false;
    try {
      for (let attempt = 1; ; attempt += 1) {
        signal.throwIfAborted();
        try {
          // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
          const result = await work();
          if (hasFailed && this.#waiting === 1) outage?.end();
          return result;
        } catch (error) {
          if (!isRetryable(error)) throw error;
          this.#lastError = error;
          if (!hasFailed) this.#startWaiting();
          hasFailed = true;
        }
        // oxlint-disable-next-line no-await-in-loop -- as above
        await sleep(backoff(DELAYS, attempt), undefined, { signal });
      }
    } finally {
      if (hasFailed) this.#stopWaiting();
    }
  }

  #startWaiting(): void {
    this.#waiting += 1;
    if (this.#waiting > 1) return;
    const { limitMs, onExhausted, outage } = this.#options;
    this.#timers = [setTimeout(() => outage?.begin(this.#lastError), OUTAGE_AFTER_MS)];
    if (limitMs === undefined) return;
    const timer = setTimeout(() => {
      outage?.begin(this.#lastError);
      onExhausted?.(this.#lastError);
    }, limitMs);
    this.#timers.push(timer);
  }

  #stopWaiting(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
