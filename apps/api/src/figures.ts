import { setTimeout as delay } from 'node:timers/promises';
import {
  type Queryable,
  countConversationsByState,
  countConnections,
  hasTable,
  readJobCounts,
  readWaitingStats,
} from '@prosaas/database';
import { publishDatabaseStats } from '@prosaas/queues';
import type { Keyspace } from '@prosaas/runtime';
import { type SystemStats, publishSystemStats } from '@prosaas/telemetry';
import type { Redis } from 'ioredis';

const EVERY_MS = 5000;
/** Counting the conversations reads all of them: it may take this share of the time at most. */
const COUNTING_SHARE = 0.01;

/**
 * Publishes for the metrics what waits in PostgreSQL, and what else is known outside Redis alone. A timer does it, so that a scrape does
 * not need PostgreSQL, and the api does it, because jobs pile up when no worker runs. The figures expire while PostgreSQL or Redis is away.
 */
export function startFigures({
  db,
  redis,
  keyspace,
  sessions,
  everyMs = EVERY_MS,
}: {
  db: Queryable;
  redis: Redis;
  keyspace: Keyspace;
  /** WhatsApp sessions by state; undefined while they are not known. */
  sessions: () => SystemStats['sessions'];
  everyMs?: number;
}): Disposable {
  const ending = new AbortController();
  let isMigrated = false;
  let conversations: SystemStats['conversations'];
  let countAgainAt = 0;
  /** Nothing else waits for it. */
  const count = async (): Promise<void> => {
    const began = performance.now();
    if (began < countAgainAt) return;
    countAgainAt = Infinity;
    conversations = await countConversationsByState(db).catch(() => undefined);
    const ended = performance.now();
    countAgainAt = ended + (ended - began) / COUNTING_SHARE;
  };
  const measure = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'notices');
    if (!isMigrated) return;
    void count();
    const [jobs, waiting, connections] = await Promise.all([
      readJobCounts(db),
      readWaitingStats(db),
      countConnections(db),
    ]);
    await Promise.all([
      publishDatabaseStats(redis, keyspace.bullPrefix, jobs, waiting),
      publishSystemStats(redis, keyspace, { conversations, connections, sessions: sessions() }),
    ]);
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
