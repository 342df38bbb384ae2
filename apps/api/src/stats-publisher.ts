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

const INTERVAL_MS = 5000;
/** Counting the conversations scans the whole table. It takes at most this share of the time. */
const MAX_COUNTING_SHARE = 0.01;

/**
 * Publishes statistics of PostgreSQL and of the WhatsApp sessions to Redis, where the metrics are read. It runs on a timer, so that a
 * scrape does not need PostgreSQL, and in the api, because jobs pile up while no worker runs. The values expire while PostgreSQL or
 * Redis is away.
 */
export function startStatsPublisher({
  db,
  redis,
  keyspace,
  sessions,
  intervalMs = INTERVAL_MS,
}: {
  db: Queryable;
  redis: Redis;
  keyspace: Keyspace;
  /** WhatsApp sessions by state; undefined while they are not known. */
  sessions: () => SystemStats['sessions'];
  intervalMs?: number;
}): Disposable {
  const stopping = new AbortController();
  let isMigrated = false;
  let conversations: SystemStats['conversations'];
  let nextCountAt = 0;
  const countConversations = async (): Promise<void> => {
    const startedAt = performance.now();
    if (startedAt < nextCountAt) return;
    nextCountAt = Infinity;
    conversations = await countConversationsByState(db).catch(() => undefined);
    const endedAt = performance.now();
    nextCountAt = endedAt + (endedAt - startedAt) / MAX_COUNTING_SHARE;
  };
  const publish = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'notices');
    if (!isMigrated) return;
    // Not awaited: the other statistics must not wait for the slow count.
    void countConversations();
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
    while (!stopping.signal.aborted) {
      // The database and Redis checks report why it fails.
      await publish().catch(() => {});
      await delay(intervalMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  void loop();
  return { [Symbol.dispose]: () => stopping.abort() };
}
