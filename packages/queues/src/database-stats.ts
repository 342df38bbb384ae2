import type { JobCounts, WaitingStats } from '@prosaas/database';
import type { Redis } from 'ioredis';
import { databaseStatsKey } from './queue-keys.ts';

/** How long figures are shown after they were measured. */
const SHOWN_MS = 15_000;

/** What a scrape shows of the rows in PostgreSQL, without asking it. */
export interface DatabaseStats {
  /** In the dead letter, of all queues. */
  dead: number;
  queues: Record<string, Pick<JobCounts, 'pending' | 'pending_age_seconds'>>;
  /** Customers who wait for a person. Unset by an api of the release before. */
  waiting?: Pick<WaitingStats, 'conversations' | 'oldest_age_seconds'>;
}

/** Leaves the figures for whoever reads the metrics; of several who do, the last one's are read. */
export async function publishDatabaseStats(
  redis: Redis,
  bullPrefix: string,
  counts: Readonly<Record<string, JobCounts>>,
  { conversations, oldest_age_seconds }: Pick<WaitingStats, 'conversations' | 'oldest_age_seconds'>,
): Promise<void> {
  const waiting = { conversations, oldest_age_seconds };
  const figures: DatabaseStats = { dead: 0, queues: {}, waiting };
  for (const [queue, { dead, pending, pending_age_seconds }] of Object.entries(counts)) {
    figures.dead += dead;
    figures.queues[queue] = { pending, pending_age_seconds };
  }
  await redis.set(databaseStatsKey(bullPrefix), JSON.stringify(figures), 'PX', SHOWN_MS);
}

/** Undefined when nobody has measured in the last 15 s. */
export async function readDatabaseStats(
  redis: Redis,
  bullPrefix: string,
): Promise<DatabaseStats | undefined> {
  const text = await redis.get(databaseStatsKey(bullPrefix));
  return text === null ? undefined : (JSON.parse(text) as DatabaseStats);
}
