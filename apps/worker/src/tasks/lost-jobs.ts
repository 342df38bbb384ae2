import { listReleased, releaseLostJobs, type Database } from '@prosaas/database';
import { findLostJobs, queueNames, type Relay } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

/** Longer than a commit's job takes to reach BullMQ. */
const OVERDUE_SECONDS = 10;
const PAGE = 500;

/**
 * Releases jobs again that are not in BullMQ: Redis lost them (a crash may lose its last second), or a process died between its commit
 * and the enqueue. And those that BullMQ delays for too long, because a worker's clock was wrong.
 *
 * @returns how many
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
  /** Ends the search; the next one begins anew. */
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
    log.warn({ jobs: recovered }, 'jobs that BullMQ had lost, or delayed for too long, were released again');
  return recovered;
}
