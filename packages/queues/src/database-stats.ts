import type { JobCounts, WaitingStats } from '@prosaas/database';
import type { Redis } from 'ioredis';
import { databaseStatsKey } from './queue-keys.ts';

/** How long published stats are valid. */
const TTL_MS = 15_000;

/** Counts from PostgreSQL, cached in Redis so that a scrape of the metrics does not query the database. */
export interface DatabaseStats {
  /** Jobs in the dead letter, over all queues. */
  dead: number;
  queues: Record<string, Pick<JobCounts, 'pending' | 'pending_age_seconds'>>;
  /** Conversations that wait for a person. Undefined when an api of the previous version published. */
  waiting?: Pick<WaitingStats, 'conversations' | 'oldest_age_seconds'>;
}

/** Publishes the stats for all readers of the metrics. The last publisher wins. */
export async function publishDatabaseStats(
  redis: Redis,
  bullPrefix: string,
  counts: Readonly<Record<string, JobCounts>>,
  { conversations, oldest_age_seconds }: Pick<WaitingStats, 'conversations' | 'oldest_age_seconds'>,
): Promise<void> {
  const waiting = { conversations, oldest_age_seconds };
  const stats: DatabaseStats = { dead: 0, queues: {}, waiting };
  for (const [queue, { dead, pending, pending_age_seconds }] of Object.entries(counts)) {
    stats.dead += dead;
    stats.queues[queue] = { pending, pending_age_seconds };
  }
  await redis.set(databaseStatsKey(bullPrefix), JSON.stringify(stats), 'PX', TTL_MS);
}

/** Undefined if nobody has published in the last 15 s. */
export async function readDatabaseStats(
  redis: Redis,
  bullPrefix: string,
): Promise<DatabaseStats | undefined> {
  const text = await redis.get(databaseStatsKey(bullPrefix));
  return text === null ? undefined : (JSON.parse(text) as DatabaseStats);
}
