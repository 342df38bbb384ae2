import type { Logger } from '@prosaas/runtime';
import { type AuditEntry, recordAudit } from './audit-repository.ts';
import type { Queryable } from '../database.ts';
import { DeferredWrites } from '../deferred-writes.ts';

/** Writes the audit log in the background of requests. */
export class AuditTrail implements AsyncDisposable {
  readonly #db: Queryable;
  readonly #writes: DeferredWrites;

  constructor({ db, log }: { db: Queryable; log: Logger }) {
    this.#db = db;
    this.#writes = new DeferredWrites({
      log,
      limits: { entries: 1000, bytes: Infinity },
      outage: {
        waiting: 'the audit log cannot be written; its entries wait',
        begins: 'the audit log cannot be written; its entries wait',
        ends: 'the audit log is written again',
      },
      full: 'too many audit entries wait for the database: more are lost',
      lost: 'audit entries were not written',
    });
  }

  add(entry: AuditEntry): void {
    const began = performance.now();
    const secondsAgo = (): number => (performance.now() - began) / 1000;
    this.#writes.add({
      bytes: 0,
      write: () => recordAudit(this.#db, { secondsAgo: secondsAgo(), ...entry }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#writes[Symbol.asyncDispose]();
  }
}
