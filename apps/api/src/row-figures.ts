import { setTimeout as delay } from 'node:timers/promises';
import { type Queryable, hasTable, readJobCounts } from '@prosaas/database';
import { publishRowFigures } from '@prosaas/queues';
import type { Redis } from 'ioredis';

const EVERY_MS = 5000;

/**
 * Measures the jobs in PostgreSQL for the metrics. On a timer, so that a scrape needs no PostgreSQL; and here, so that somebody looks
 * when no worker lives, which is when jobs pile up. While PostgreSQL or Redis is away the figures expire; before the migrations are
 * applied there are none.
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
    isMigrated ||= await hasTable(db, 'jobs');
    if (isMigrated) await publishRowFigures(redis, bullPrefix, await readJobCounts(db));
  };
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // Their own checks tell why. What is under way may hang as long as they do.
      await measure().catch(() => {});
      await delay(everyMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  void loop();
  return { [Symbol.dispose]: () => ending.abort() };
}
