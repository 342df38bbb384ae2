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
  /** Memory that the entry holds while it waits; 0 for a few hundred bytes. */
  bytes: number;
  /** Fields of its log lines. */
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
  /** Log text for a write that PostgreSQL can never store. If unset, the write counts as lost. */
  refused?: string;
}

const RETRY = { baseMs: 200, maxMs: 2000 };
const CLOSE_MS = 3000;

/**
 * Writes to the database in the background, one entry after the other, in order. A write that fails is kept in memory, within limits,
 * and retried; a write that PostgreSQL can never store is skipped.
 */
export class DeferredWrites implements AsyncDisposable {
  readonly #options: DeferredWritesOptions;
  readonly #outage: OutageLog;
  readonly #waiting: DeferredWrite[] = [];
  readonly #ending = new AbortController();
  #bytes = 0;
  #lost = 0;
  #running: Promise<void> | undefined;

  constructor(options: DeferredWritesOptions) {
    this.#options = options;
    this.#outage = outageLog(options.log, options.outage);
    // Not part of the service's start: the first failed write is an outage at once.
    this.#outage.worked();
  }

  /** Returns false if the entry exceeds the limits and is lost. */
  add(entry: DeferredWrite): boolean {
    const { limits, log, full } = this.#options;
    if (this.#waiting.length >= limits.entries || this.#bytes + entry.bytes > limits.bytes) {
      if (this.#lost === 0) log.error(entry.fields ?? {}, full);
      this.#lost += 1;
      return false;
    }
    this.#waiting.push(entry);
    this.#bytes += entry.bytes;
    this.#running ??= this.#writeAll().finally(() => (this.#running = undefined));
    return true;
  }

  async #writeAll(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    for (let entry = this.#waiting[0]; entry && !signal.aborted; entry = this.#waiting[0]) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- in order
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
    if (!signal.aborted) this.#logLost();
  }

  #refuse({ fields }: DeferredWrite, error: unknown): void {
    const { log, refused } = this.#options;
    if (refused === undefined) this.#lost += 1;
    else log.error({ ...errorReason(error), ...fields }, refused);
  }

  #logLost(): void {
    const { log, lost } = this.#options;
    if (this.#lost > 0) log.error({ lost: this.#lost }, lost);
    this.#lost = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A hanging statement must not delay the service's stop.
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, CLOSE_MS);
    await Promise.race([this.#running, late.promise]);
    clearTimeout(limit);
    this.#ending.abort();
    this.#lost += this.#waiting.length;
    this.#logLost();
  }
}

/** The data can never be stored, or its record was erased meanwhile. */
function isRefused(error: unknown): boolean {
  const kind = classifyDatabaseError(databaseErrorOf(error))?.kind;
  return kind === 'invalid_data' || kind === 'conflict';
}

/** The database error, which may be wrapped in an error for a client. */
function databaseErrorOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return classifyDatabaseError(cause) === undefined ? error : cause;
}
