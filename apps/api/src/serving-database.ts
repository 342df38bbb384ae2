import {
  type Database,
  classifyDatabaseError,
  isDatabaseOutage,
  isRetryableDatabaseError,
} from '@prosaas/database';
import { AppError, type Logger, outageLog } from '@prosaas/runtime';

export interface ServingDatabase extends Database {
  /** Whether the last statement that ended found no server: what the pool has met, not what a probe sees. */
  inTrouble(): boolean;
  /** Tries whether the trouble is over, in the background. */
  retry(): void;
}

class DatabaseUnavailable extends AppError {
  constructor(options: ErrorOptions) {
    super('The database cannot be used for this now: try again.', {
      status: 503,
      code: 'DATABASE_UNAVAILABLE',
      retryable: true,
      ...options,
    });
  }
}

class InvalidText extends AppError {
  constructor(options: ErrorOptions) {
    super('A text holds a character that can not be stored (NUL)', {
      status: 400,
      code: 'INVALID_TEXT',
      ...options,
    });
  }
}

/**
 * The pool as the routes see it. A database that is away, busy, cannot write or has other tables than this build expects is 503;
 * data that can't be stored is 400.
 */
export function servingDatabase(db: Database, log: Logger): ServingDatabase {
  // The pool itself tells of one that is away.
  const refusals = outageLog(log, {
    waiting: 'PostgreSQL refuses statements of requests',
    begins: 'PostgreSQL refuses statements of requests',
    ends: 'PostgreSQL takes statements of requests again',
    repeats: false,
  });
  let trouble = false;
  let retrying: Promise<unknown> | undefined;
  const serve = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      const result = await run();
      trouble = false;
      refusals.worked();
      return result;
    } catch (cause) {
      const kind = classifyDatabaseError(cause)?.kind;
      trouble = kind === 'unavailable';
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
    inTrouble: () => trouble,
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
