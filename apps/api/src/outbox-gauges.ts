import { setTimeout as delay } from 'node:timers/promises';
import { type Queryable, hasTable, readOutboxBacklog } from '@prosaas/database';
import type { Telemetry } from '@prosaas/telemetry';

const EVERY_MS = 5000;
/** What takes longer is not known. */
const LIMIT_MS = 2000;

/**
 * Measures what waits in PostgreSQL for the relay. Here and on a timer: a scrape needs no PostgreSQL, and when no worker lives, which
 * is when jobs pile up there, somebody still looks. While PostgreSQL is away, or the
 * migrations are not applied yet, the gauges are absent.
 */
export function startOutboxGauges({
  db,
  metrics,
  everyMs = EVERY_MS,
}: {
  db: Queryable;
  metrics: Pick<Telemetry['metrics'], 'gauge'>;
  everyMs?: number;
}): Disposable {
  const jobs = metrics.gauge('outbox_jobs');
  const age = metrics.gauge('outbox_oldest_job_age_seconds');
  const clear = (): void => {
    jobs.clear();
    age.clear();
  };
  clear();

  let isMigrated = false;
  const measure = async (): Promise<void> => {
    const late = setTimeout(clear, LIMIT_MS).unref();
    try {
      isMigrated ||= await hasTable(db, 'outbox');
      if (!isMigrated) return;
      const { waiting, oldest_age_seconds } = await readOutboxBacklog(db);
      jobs.set(waiting);
      age.set(oldest_age_seconds);
    } catch {
      // The database's own check tells why.
      clear();
    } finally {
      clearTimeout(late);
    }
  };

  const ending = new AbortController();
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await measure();
      await delay(everyMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  void loop();
  // What is under way may hang as long as the database does.
  return { [Symbol.dispose]: () => ending.abort() };
}
