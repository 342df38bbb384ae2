import {
  type Database,
  classifyDatabaseError,
  isDatabaseOutage,
  isRetryableDatabaseError,
} from '@prosaas/database';
import { AppError, type Logger, outageLog } from '@prosaas/runtime';

export interface ServingDatabase extends Database {
  /** Whether the last statement of the pool could not reach the server. A probe on its own connection may see otherwise. */
  isUnavailable(): boolean;
  /** Tries a statement in the background, to update `isUnavailable`. */
  retry(): void;
}

class DatabaseUnavailable extends AppError {
  override code = 'DATABASE_UNAVAILABLE';
  override status = 503;
  override retryable = true;

  constructor(options: ErrorOptions) {
    super('The database cannot serve this request now. Try again.', options);
  }
}

class InvalidText extends AppError {
  override code = 'INVALID_TEXT';
  override status = 400;

  constructor(options: ErrorOptions) {
    super('A text contains a character that cannot be stored (NUL). Remove it.', options);
  }
}

/**
 * The pool that routes use. Throws 503 while the database is unreachable, busy, read-only or has another schema than this build
 * expects, and 400 for data that cannot be stored.
 */
export function servingDatabase(db: Database, log: Logger): ServingDatabase {
  // The pool itself logs an unreachable server.
  const refusals = outageLog(log, {
    waiting: 'PostgreSQL refuses statements of requests',
    begins: 'PostgreSQL refuses statements of requests',
    ends: 'PostgreSQL takes statements of requests again',
    repeats: false,
  });
  let isUnavailable = false;
  let retrying: Promise<unknown> | undefined;
  const serve = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      const result = await run();
      isUnavailable = false;
      refusals.worked();
      return result;
    } catch (cause) {
      const kind = classifyDatabaseError(cause)?.kind;
      isUnavailable = kind === 'unavailable';
      if (isRetryableDatabaseError(cause)) {
        if (!isDatabaseOutage(cause)) refusals.failed(cause);
        throw new DatabaseUnavailable({ cause });
      }
      throw kind === 'invalid_data' ? new InvalidText({ cause }) : cause;
    }
  };
  return {
    writeFailures: db.writeFailures,
    query: (sql, params) => serve(() => db.query(sql, params)),
    transaction: (run) => serve(() => db.transaction(run)),
    isUnavailable: () => isUnavailable,
    retry() {
      retrying ??= serve(() => db.query('select 1'))
        .catch(() => {})
        .finally(() => {
          retrying = undefined;
        });
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
