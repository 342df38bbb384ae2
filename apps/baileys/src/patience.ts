import { setTimeout as sleep } from 'node:timers/promises';
import { StaleOwner } from '@prosaas/database';
import { backoff } from '@prosaas/runtime';
import { CorruptAuthState } from './auth-codec.ts';

/** Classes of SQLSTATE that a repeat can't cure: bad data, broken constraints, wrong SQL. */
const PERMANENT_SQL_STATE = /^(?:22|23|42)[0-9A-Z]{3}$/;
const DELAYS = { baseMs: 50, maxMs: 2000 };

/** Whether the database may answer otherwise later: it is away, busy, or broke off. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StaleOwner || error instanceof CorruptAuthState) return false;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return false;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return !(typeof code === 'string' && PERMANENT_SQL_STATE.test(code));
}

export interface PatienceOptions {
  signal: AbortSignal;
  /** How long work may wait for the database before `onExhausted` is told, once per outage; the work goes on waiting. */
  limitMs: number;
  onExhausted: (error: unknown) => void;
}

/**
 * Runs database work for a caller who must not see an outage: repeats it until it succeeds, fails for good, or the
 * signal aborts. The WhatsApp client answers a failed key lookup by asking the sender for the message again; a lookup
 * that takes longer it simply awaits, and acknowledges nothing meanwhile.
 */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #running = new Set<Promise<unknown>>();
  #waiting = 0;
  #alarm: NodeJS.Timeout | undefined;
  #lastError: unknown;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#repeat(work);
    const settled = running.catch(() => {});
    this.#running.add(settled);
    void settled.finally(() => this.#running.delete(settled));
    return running;
  }

  /** Resolves when nothing runs any more; after an abort, that is within one statement's time limit. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- what runs may start more
      await Promise.all(this.#running);
    }
  }

  async #repeat<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    let waits = false;
    try {
      for (let attempt = 1; ; attempt += 1) {
        signal.throwIfAborted();
        try {
          // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
          return await work();
        } catch (error) {
          if (!isTransient(error)) throw error;
          this.#lastError = error;
          if (!waits) this.#startWaiting();
          waits = true;
        }
        // oxlint-disable-next-line no-await-in-loop -- as above
        await sleep(backoff(DELAYS, attempt), undefined, { signal });
      }
    } finally {
      if (waits) this.#stopWaiting();
    }
  }

  #startWaiting(): void {
    this.#waiting += 1;
    const { limitMs, onExhausted } = this.#options;
    this.#alarm ??= setTimeout(() => onExhausted(this.#lastError), limitMs);
  }

  #stopWaiting(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}
