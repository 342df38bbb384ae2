import { type Logger, type OutageLog, outageLog } from '@prosaas/runtime';
import { classifyDatabaseError } from './database-error.ts';

/** Told by whoever asks PostgreSQL: the pool and the probe of a service, which share the lines. */
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

  /** A statement succeeded; it may have been one that writes nothing. */
  answered(): void {
    this.#away.worked();
  }

  /** Whoever calls it can write as far as it knows. The trouble is over when that is so of the pool and of the probe. */
  canWrite(): void {
    this.#cannotWrite.worked(this);
  }

  /** An error that is not the database's tells nothing of it. */
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

/** What a service waits for when it starts, once PostgreSQL and Redis answer. */
export function databasePreparationLog(log: Logger): OutageLog {
  const waiting = 'waiting for the api to prepare the database';
  return outageLog(log, { waiting, begins: waiting, ends: 'the database is prepared', isStartUp: true });
}
