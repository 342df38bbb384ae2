import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Logger,
  type OutageLog,
  type OutageTexts,
  backoff,
  errorReason,
  outageLog,
} from '@prosaas/runtime';
import { classifyDatabaseError } from './database-error.ts';

export interface DeferredWrite {
  write: () => Promise<unknown>;
  /** Memory that it holds while it waits; 0 for a few hundred bytes. */
  bytes: number;
  /** For its log lines: what it is about. */
  fields?: object;
}

export interface DeferredWritesOptions {
  log: Logger;
  limits: { entries: number; bytes: number };
  /** Log texts while the database is away. */
  outage: Omit<OutageTexts, 'isDependency' | 'isStartUp'>;
  /** Log text for the first write that is over the limits. */
  full: string;
  /** Log text, with the number of lost writes, once the rest is written or the service stops. */
  lost: string;
  /** Log text for a write that PostgreSQL can never store. Unset: it counts as lost. */
  refused?: string;
}

const RETRY = { baseMs: 200, maxMs: 2000 };
const CLOSE_MS = 3000;

/**
 * Writes to the database without holding up whoever asks: one after the other, in their order. What the database does not take is kept
 * in memory, within limits, and tried again; what it can never store is passed over.
 */
export class DeferredWrites implements AsyncDisposable {
  readonly #options: DeferredWritesOptions;
  readonly #outage: OutageLog;
  readonly #waiting: DeferredWrite[] = [];
  readonly #ending = new AbortController();
  #bytes = 0;
  #lost = 0;
  #working: Promise<void> | undefined;

  constructor(options: DeferredWritesOptions) {
    this.#options = options;
    this.#outage = outageLog(options.log, options.outage);
    // Not part of the start: the first write that fails is a trouble at once.
    this.#outage.worked();
  }

  /** False: it is over the limits, and lost. */
  add(entry: DeferredWrite): boolean {
    const { limits, log, full } = this.#options;
    if (this.#waiting.length >= limits.entries || this.#bytes + entry.bytes > limits.bytes) {
      if (this.#lost === 0) log.error(entry.fields ?? {}, full);
      this.#lost += 1;
      return false;
    }
    this.#waiting.push(entry);
    this.#bytes += entry.bytes;
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
    return true;
  }

  async #work(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    for (let entry = this.#waiting[0]; entry && !signal.aborted; entry = this.#waiting[0]) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await entry.write();
        failures = 0;
        this.#outage.worked();
      } catch (error) {
        if (!isRefused(error)) {
          failures += 1;
          this.#outage.failed(databaseErrorOf(error));
          // oxlint-disable-next-line no-await-in-loop -- as above
          await sleep(backoff(RETRY, failures), undefined, { signal }).catch(() => {});
          continue;
        }
        this.#refuse(entry, error);
      }
      this.#waiting.shift();
      this.#bytes -= entry.bytes;
    }
    if (!signal.aborted) this.#tellLost();
  }

  #refuse({ fields }: DeferredWrite, error: unknown): void {
    const { log, refused } = this.#options;
    if (refused === undefined) this.#lost += 1;
    else log.error({ ...errorReason(error), ...fields }, refused);
  }

  #tellLost(): void {
    const { log, lost } = this.#options;
    if (this.#lost > 0) log.error({ lost: this.#lost }, lost);
    this.#lost = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A hanging statement must not delay the service's stop.
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, CLOSE_MS);
    await Promise.race([this.#working, late.promise]);
    clearTimeout(limit);
    this.#ending.abort();
    this.#lost += this.#waiting.length;
    this.#tellLost();
  }
}

/** Data that PostgreSQL can never store, or about a record that was erased meanwhile. */
function isRefused(error: unknown): boolean {
  const kind = classifyDatabaseError(databaseErrorOf(error))?.kind;
  return kind === 'invalid_data' || kind === 'conflict';
}

/** It may be wrapped for a client. */
function databaseErrorOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return classifyDatabaseError(cause) === undefined ? error : cause;
}
