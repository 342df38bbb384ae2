import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, type TroubleLog, backoff, troubleOf } from '@prosaas/runtime';
import { type AuditEntry, recordAudit } from './audit-repository.ts';
import { classifyDatabaseError } from './database-error.ts';
import type { Queryable } from './database.ts';

const WAITING_LIMIT = 1000;
const DELAYS = { baseMs: 200, maxMs: 2000 };
const CLOSE_MS = 3000;

/** Writes the audit log beside the requests. Entries that the database does not take are kept and tried again, in their order. */
export class AuditTrail implements AsyncDisposable {
  readonly #db: Queryable;
  readonly #log: Logger;
  readonly #trouble: TroubleLog;
  readonly #waiting: AuditEntry[] = [];
  readonly #ending = new AbortController();
  #catchingUp: Promise<void> | undefined;
  #lost = 0;

  constructor({ db, log }: { db: Queryable; log: Logger }) {
    this.#db = db;
    this.#log = log;
    this.#trouble = troubleOf(log, {
      waiting: 'the audit log cannot be written; its entries wait',
      begins: 'the audit log cannot be written; its entries wait',
      ends: 'the audit log is written again',
    });
    // Requests come when they come: an entry that fails is no wait of the start.
    this.#trouble.worked();
  }

  add(entry: AuditEntry): void {
    const dated = { at: new Date(), ...entry };
    if (this.#catchingUp) {
      this.#keep(dated);
      return;
    }
    recordAudit(this.#db, dated).catch((error: unknown) => {
      this.#keep(dated);
      this.#trouble.failed(databaseErrorOf(error));
      this.#catchingUp ??= this.#catchUp();
    });
  }

  #keep(entry: AuditEntry): void {
    if (this.#waiting.length < WAITING_LIMIT) {
      this.#waiting.push(entry);
      return;
    }
    if (this.#lost === 0) this.#log.error('too many audit entries wait for the database: more are lost');
    this.#lost += 1;
  }

  async #catchUp(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    for (let entry = this.#waiting[0]; entry && !signal.aborted; entry = this.#waiting[0]) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await recordAudit(this.#db, entry);
        this.#waiting.shift();
        failures = 0;
      } catch (error) {
        if (isRefused(error)) {
          this.#waiting.shift();
          this.#lost += 1;
          continue;
        }
        this.#trouble.failed(databaseErrorOf(error));
        failures += 1;
        // oxlint-disable-next-line no-await-in-loop -- as above
        await sleep(backoff(DELAYS, failures), undefined, { signal }).catch(() => {});
      }
    }
    if (signal.aborted) return;
    // At once: an entry that comes now must not wait for a failure of another one.
    this.#catchingUp = undefined;
    this.#trouble.worked();
    this.#tellLost();
  }

  #tellLost(): void {
    if (this.#lost > 0) this.#log.error({ lost: this.#lost }, 'audit entries were not written');
    this.#lost = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    // A statement that hangs has a longer time limit than a service that stops.
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, CLOSE_MS);
    await Promise.race([this.#catchingUp, late.promise]);
    clearTimeout(limit);
    this.#lost += this.#waiting.length;
    this.#tellLost();
  }
}

/** Data that PostgreSQL can never store. */
function isRefused(error: unknown): boolean {
  const kind = classifyDatabaseError(databaseErrorOf(error))?.kind;
  return kind === 'invalid_data' || kind === 'conflict';
}

/** It may be wrapped for a client. */
function databaseErrorOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return classifyDatabaseError(cause) === undefined ? error : cause;
}
