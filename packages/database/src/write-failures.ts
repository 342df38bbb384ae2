import { classifyDatabaseError } from './database-error.ts';

/** How long a failed write is remembered. */
export const WINDOW_MS = 10_000;

export interface WriteFailure {
  /** The reason code that health shows for it: `read_only`, `disk_full`, `out_of_memory`, `permission_denied` or `error`. */
  readonly reason: string;
  readonly error: unknown;
}

/** Whether PostgreSQL as a whole cannot write, as opposed to one statement. */
export function isWriteOutage(reason: string): boolean {
  return reason === 'read_only' || reason === 'disk_full';
}

/** Statements that failed in the last 10 s because PostgreSQL cannot write. Times are milliseconds of a monotonic clock. */
export class WriteFailures {
  /** By statement text, the latest failure last. */
  readonly #failures = new Map<string, WriteFailure & { atMs: number }>();

  failed(sql: string, error: unknown, nowMs: number = performance.now()): void {
    const found = classifyDatabaseError(error);
    if (found?.kind !== 'cannot_write' && found?.reason !== 'permission_denied') return;
    this.#removeOld(nowMs);
    this.#failures.delete(sql);
    this.#failures.set(sql, { reason: found.reason, error, atMs: nowMs });
  }

  /** Only the same statement clears a failure: on a full disk, other updates may still find room in their page. */
  succeeded(sql: string): void {
    if (this.#failures.size > 0) this.#failures.delete(sql);
  }

  /** The latest failure that means an outage, else the latest failure. */
  recent(nowMs: number = performance.now()): WriteFailure | undefined {
    this.#removeOld(nowMs);
    const failures = [...this.#failures.values()];
    return failures.findLast(({ reason }) => isWriteOutage(reason)) ?? failures.at(-1);
  }

  #removeOld(nowMs: number): void {
    for (const [sql, { atMs }] of this.#failures) {
      if (nowMs - atMs > WINDOW_MS) this.#failures.delete(sql);
    }
  }
}
