import { type Logger, type OutageLog, outageLog } from '@prosaas/runtime';
import { classifyDatabaseError } from './database-error.ts';

/** Logs outages of PostgreSQL. The pool and the probe of a service report to it and share its lines. */
export class DatabaseOutages {
  readonly #away: OutageLog;
  readonly #cannotWrite: OutageLog;

  constructor(log: Logger) {
    this.#away = outageLog(log, {
      waiting: 'waiting for PostgreSQL',
      begins: 'PostgreSQL is away',
      ends: 'PostgreSQL is back',
      isDependency: true,
    });
    this.#cannotWrite = outageLog(log, {
      waiting: 'PostgreSQL cannot write',
      begins: 'PostgreSQL cannot write',
      ends: 'PostgreSQL can write again',
      isDependency: true,
    });
  }

  /** A statement succeeded; it may have been a read. */
  answered(): void {
    this.#away.worked();
  }

  /** The caller can write as far as it knows. The outage ends once pool and probe both can. */
  canWrite(): void {
    this.#cannotWrite.worked(this);
  }

  /** Ignores errors that are not the database's. */
  failed(error: unknown): void {
    const found = classifyDatabaseError(error);
    if (found === undefined) return;
    if (found.kind === 'unavailable') {
      this.#away.failed(error);
      return;
    }
    // The server sent the error, so it is there.
    this.#away.worked();
    if (found.kind === 'cannot_write')
      this.#cannotWrite.failed(error, { source: this, fields: { reason: found.reason } });
  }
}

/** The log of a starting service that waits for the api to migrate the database and generate the keys. */
export function databasePreparationLog(log: Logger): OutageLog {
  const waiting = 'waiting for the api to prepare the database';
  return outageLog(log, { waiting, begins: waiting, ends: 'the database is prepared', isStartUp: true });
}
