import { type Database, classifyDatabaseError, isDatabaseAway } from '@prosaas/database';
import { AppError } from '@prosaas/runtime';

export interface ServingDatabase extends Database {
  /** Whether the last statement that ended found no server: what the pool has met, not what a probe sees. */
  inTrouble(): boolean;
  /** Tries whether the trouble is over, in the background. */
  retry(): void;
}

class DatabaseUnavailable extends AppError {
  constructor(options: ErrorOptions) {
    super('The database does not answer, or cannot write, for now: try again.', {
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
 * The pool as the routes see it: a database that is away or cannot write is 503, data that can't be stored is 400, and neither is a
 * fault of ours.
 */
export function servingDatabase(db: Database): ServingDatabase {
  let trouble = false;
  let retrying: Promise<unknown> | undefined;
  const serve = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      const result = await run();
      trouble = false;
      return result;
    } catch (cause) {
      const kind = classifyDatabaseError(cause)?.kind;
      trouble = kind === 'unavailable';
      if (isDatabaseAway(cause)) throw new DatabaseUnavailable({ cause });
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
