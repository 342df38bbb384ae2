import { setTimeout as sleep } from 'node:timers/promises';
import { StaleOwner, classifyDatabaseError } from '@prosaas/database';
import { backoff } from '@prosaas/runtime';
import { CorruptAuthState } from './auth-codec.ts';

const DELAYS = { baseMs: 50, maxMs: 2000 };
/** What takes longer is an outage worth telling of. */
const TROUBLE_AFTER_MS = 2000;

/**
 * Whether a repeat may succeed. Of the database's errors only data that PostgreSQL can never store stays wrong: a missing table or
 * grant and a broken constraint are an operator's to mend.
 */
export function mayPass(error: unknown): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  if (kind !== undefined) return kind !== 'invalid_data';
  if (error instanceof StaleOwner || error instanceof CorruptAuthState) return false;
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError);
}

export interface PatienceOptions {
  signal: AbortSignal;
  /** How long work may wait for the database before `onExhausted` is told, once per outage; the work goes on waiting. */
  limitMs: number;
  onExhausted: (error: unknown) => void;
  /** Told when work has waited for two seconds, and when nothing waits any more because it succeeded. */
  trouble?: { begin: (error: unknown) => void; end: () => void };
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
  #timers: NodeJS.Timeout[] = [];
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
    const { signal, trouble } = this.#options;
    let waits = false;
    try {
      for (let attempt = 1; ; attempt += 1) {
        signal.throwIfAborted();
        try {
          // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
          const result = await work();
          if (waits && this.#waiting === 1) trouble?.end();
          return result;
        } catch (error) {
          if (!mayPass(error)) throw error;
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
    if (this.#waiting > 1) return;
    const { limitMs, onExhausted, trouble } = this.#options;
    this.#timers = [
      setTimeout(() => trouble?.begin(this.#lastError), TROUBLE_AFTER_MS),
      setTimeout(() => {
        trouble?.begin(this.#lastError);
        onExhausted(this.#lastError);
      }, limitMs),
    ];
  }

  #stopWaiting(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
