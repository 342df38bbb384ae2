import { setTimeout as delay } from 'node:timers/promises';
import { type Queryable, hasTable, readJobCounts, readWaitingFigures } from '@prosaas/database';
import { publishRowFigures } from '@prosaas/queues';
import type { Redis } from 'ioredis';

const EVERY_MS = 5000;

/**
 * Publishes how many jobs wait in PostgreSQL, and how many customers, for the metrics. A timer does it, so that a scrape does not need PostgreSQL, and the api
 * does it, because jobs pile up when no worker runs. The figures expire while PostgreSQL or Redis is away.
 */
export function startRowFigures({
  db,
  redis,
  bullPrefix,
  everyMs = EVERY_MS,
}: {
  db: Queryable;
  redis: Redis;
  bullPrefix: string;
  everyMs?: number;
}): Disposable {
  const ending = new AbortController();
  let isMigrated = false;
  const measure = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'notices');
    if (!isMigrated) return;
    const [jobs, waiting] = await Promise.all([readJobCounts(db), readWaitingFigures(db)]);
    await publishRowFigures(redis, bullPrefix, jobs, waiting);
  };
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // The database and Redis checks report why it fails.
      await measure().catch(() => {});
      await delay(everyMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  void loop();
  return { [Symbol.dispose]: () => ending.abort() };
}
