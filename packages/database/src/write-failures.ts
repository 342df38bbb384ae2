import { classifyDatabaseError } from './database-error.ts';

/** How long a failed write counts. */
export const WINDOW_MS = 10_000;

export interface WriteFailure {
  /** The reason code that health shows for it: `read_only`, `disk_full`, `out_of_memory`, `permission_denied` or `error`. */
  readonly reason: string;
  readonly error: unknown;
}

/** Whether nothing can be written, as opposed to the one statement: PostgreSQL says so of itself. */
export function isWriteOutage(reason: string): boolean {
  return reason === 'read_only' || reason === 'disk_full';
}

/** Statements that failed in the last 10 s because PostgreSQL cannot write. Times are milliseconds of a clock that nobody sets. */
export class WriteFailures {
  /** By the text of the statement, in the order in which they failed last. */
  readonly #failures = new Map<string, WriteFailure & { atMs: number }>();

  failed(sql: string, error: unknown, nowMs: number = performance.now()): void {
    const found = classifyDatabaseError(error);
    if (found?.kind !== 'cannot_write' && found?.reason !== 'permission_denied') return;
    this.#forgetOld(nowMs);
    this.#failures.delete(sql);
    this.#failures.set(sql, { reason: found.reason, error, atMs: nowMs });
  }

  /** The same statement can be carried out again. Another one proves nothing: on a full disk, some updates find room in their page. */
  succeeded(sql: string): void {
    if (this.#failures.size > 0) this.#failures.delete(sql);
  }

  /** The last of those that tell of an outage, or else of all. */
  recent(nowMs: number = performance.now()): WriteFailure | undefined {
    this.#forgetOld(nowMs);
    const failures = [...this.#failures.values()];
    return failures.findLast(({ reason }) => isWriteOutage(reason)) ?? failures.at(-1);
  }

  #forgetOld(nowMs: number): void {
    for (const [sql, { atMs }] of this.#failures) {
      if (nowMs - atMs > WINDOW_MS) this.#failures.delete(sql);
    }
  }
}
