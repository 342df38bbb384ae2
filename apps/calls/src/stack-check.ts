import { type Database, StackConflict, checkStack, databasePreparationLog } from '@prosaas/database';
import { type Logger, endOnFailure, retryForever } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

/**
 * Checks that this Redis namespace does not belong to another stack, once the database and Redis are reachable. A conflict ends the service.
 */
export function startStackCheck(options: {
  db: Database;
  redis: Redis;
  key: string;
  log: Logger;
}): AsyncDisposable {
  const { db, redis, key, log } = options;
  const ending = new AbortController();
  const attempt = (): Promise<StackConflict | undefined> =>
    checkStack(db, redis, key).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof StackConflict) return error;
        throw error;
      },
    );
  const check = async (): Promise<void> => {
    const conflict = await retryForever(attempt, {
      signal: ending.signal,
      baseMs: 200,
      maxMs: 3000,
      outage: databasePreparationLog(log),
    });
    if (conflict) throw conflict;
  };
  const checked = endOnFailure(check(), ending.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await checked;
    },
  };
}
