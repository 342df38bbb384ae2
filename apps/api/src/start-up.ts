import { type Database, StackConflict, checkStack, migrate, databasePreparationLog } from '@prosaas/database';
import { type Keyspace, type Logger, retryForever, outageLog } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

export interface StartUpOptions {
  databaseUrl: string;
  db: Database;
  redis: Redis;
  keyspace: Keyspace;
  log: Logger;
  signal: AbortSignal;
}

/**
 * What the api does once it listens: applies the migrations, then claims the Redis namespace for this database. PostgreSQL
 * and Redis may be away; each step is tried until it succeeds. Rejects with `StackConflict` alone.
 */
export async function startUp({
  databaseUrl,
  db,
  redis,
  keyspace,
  log,
  signal,
}: StartUpOptions): Promise<void> {
  const retries = { signal, baseMs: 200, maxMs: 3000 };
  try {
    await retryForever(() => migrate({ url: databaseUrl, log }), {
      ...retries,
      outage: outageLog(log, {
        waiting: 'migrations cannot be applied yet',
        begins: 'migrations cannot be applied',
        ends: 'migrations can be applied again',
        isStartUp: true,
      }),
    });
    const conflict = await retryForever(() => claimStack(db, redis, keyspace), {
      ...retries,
      outage: databasePreparationLog(log),
    });
    if (conflict !== undefined) throw conflict;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Returns a conflict instead of throwing it, so that it is not retried. */
async function claimStack(
  db: Database,
  redis: Redis,
  keyspace: Keyspace,
): Promise<StackConflict | undefined> {
  try {
    await checkStack(db, redis, keyspace.key('stack'));
    return undefined;
  } catch (error) {
    if (error instanceof StackConflict) return error;
    throw error;
  }
}
