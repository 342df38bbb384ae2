import type { Keyspace } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

/** How long figures are shown after they were measured. */
const SHOWN_MS = 15_000;

/** What is measured outside Redis for the metrics, once for the whole system. */
export interface SystemStats {
  /** By state; unset while they were not counted. */
  conversations?: Record<string, number> | undefined;
  /** Of PostgreSQL. */
  connections: { used: number; allowed: number };
  /** WhatsApp sessions by state; unset while they are not known. */
  sessions?: Record<string, number> | undefined;
}

const keyOf = (keyspace: Keyspace): string => keyspace.key('system-figures');

/** Leaves the figures for whoever reads the metrics; of several who do, the last one's are read. */
export async function publishSystemStats(
  redis: Redis,
  keyspace: Keyspace,
  figures: SystemStats,
): Promise<void> {
  await redis.set(keyOf(keyspace), JSON.stringify(figures), 'PX', SHOWN_MS);
}

/** Undefined when nobody has measured in the last 15 s. */
export async function readSystemStats(redis: Redis, keyspace: Keyspace): Promise<SystemStats | undefined> {
  const text = await redis.get(keyOf(keyspace));
  return text === null ? undefined : (JSON.parse(text) as SystemStats);
}
