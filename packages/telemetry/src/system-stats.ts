import type { Keyspace } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

/** How long published stats are valid. */
const TTL_MS = 15_000;

/** Values from outside Redis for the metrics, measured once for the whole system. */
export interface SystemStats {
  /** By state; unset if they were not counted. */
  conversations?: Record<string, number> | undefined;
  /** Client connections to PostgreSQL. */
  connections: { used: number; allowed: number };
  /** WhatsApp sessions by state; unset if they are not known. */
  sessions?: Record<string, number> | undefined;
}

const keyOf = (keyspace: Keyspace): string => keyspace.key('system-stats');

/** Publishes the stats for all readers of the metrics. The last publisher wins. */
export async function publishSystemStats(
  redis: Redis,
  keyspace: Keyspace,
  stats: SystemStats,
): Promise<void> {
  await redis.set(keyOf(keyspace), JSON.stringify(stats), 'PX', TTL_MS);
}

/** Undefined if nobody has published in the last 15 s. */
export async function readSystemStats(redis: Redis, keyspace: Keyspace): Promise<SystemStats | undefined> {
  const text = await redis.get(keyOf(keyspace));
  return text === null ? undefined : (JSON.parse(text) as SystemStats);
}
