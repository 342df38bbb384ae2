import { listReleased, releaseLostJobs, type Database } from '@prosaas/database';
import { findLostJobs, queueNames, type Relay } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

/** Longer than a released job takes to reach BullMQ. */
const OVERDUE_SECONDS = 10;
const PAGE = 500;

/**
 * Releases lost jobs again. BullMQ does not have them because Redis lost them (a crash may lose its last second) or because a process died
 * between its commit and the enqueue; or BullMQ delays them for too long because a worker's clock was wrong.
 *
 * @returns how many jobs were released
 */
export async function recoverLostJobs({
  db,
  redis,
  bullPrefix,
  relay,
  log,
  signal,
  overdueSeconds = OVERDUE_SECONDS,
}: {
  db: Database;
  redis: Redis;
  bullPrefix: string;
  relay: Relay;
  log: Logger;
  /** Stops early; the next run starts from the beginning. */
  signal?: AbortSignal;
  overdueSeconds?: number;
}): Promise<number> {
  let recovered = 0;
  let afterId = '0';
  while (signal?.aborted !== true) {
    const page = await listReleased(db, {
      queues: queueNames,
      seconds: overdueSeconds,
      afterId,
      limit: PAGE,
    });
    const lost = await findLostJobs(redis, bullPrefix, page);
    const released = lost.length === 0 ? [] : await db.transaction((tx) => releaseLostJobs(tx, lost));
    relay.enqueue(released);
    recovered += released.length;
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    afterId = last.id;
  }
  if (recovered > 0)
    log.warn({ jobs: recovered }, 'released jobs again that BullMQ had lost or delayed for too long');
  return recovered;
}
