// Can be removed with `legacy-job-import.ts` once nobody upgrades from a version before migration 0010.
import {
  addMissingJob,
  deleteOldOutbox,
  importDeadLetters,
  listMessagesWithoutJob,
  type Database,
  type OldDeadLetter,
} from '@prosaas/database';
import { openBull, queueNames, readRowRef, type BullHandle, type QueueName } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

const OLD_DEAD_LETTER = 'dead-letter';
const BATCH = 200;

/** Moves to PostgreSQL what versions before migration 0010 kept in Redis. Idempotent: a message has one job. */
export async function importJobs({
  db,
  redis,
  bullPrefix,
  log,
  signal,
}: {
  db: Database;
  redis: Redis;
  bullPrefix: string;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const bull = openBull(redis, bullPrefix);
  try {
    const dead = await bull.queue(OLD_DEAD_LETTER);
    let imported = await importFrom(dead, { db, signal }, 'waiting', ({ data }) => {
      const { origin, ...entry } = data as OldDeadLetter & { origin?: { queue: string } };
      return origin && { ...entry, queue: origin.queue };
    });
    for (const queue of queueNames) {
      // Failed jobs that no worker had moved to the dead letter yet.
      imported += await importFrom(await bull.queue(queue), { db, signal }, 'failed', (job) =>
        readRowRef(job.data) === undefined ? oldFailure(queue, job) : undefined,
      );
    }
    if (imported > 0)
      log.info({ jobs: imported }, 'imported the dead letter of a version before migration 0010');
    await addMissingJobs({ db, bull, signal });
    await deleteOldOutbox(db);
  } finally {
    await bull[Symbol.asyncDispose]();
  }
}

async function importFrom(
  queue: Queue,
  { db, signal }: { db: Database; signal: AbortSignal },
  state: 'waiting' | 'failed',
  read: (job: Job) => OldDeadLetter | undefined,
): Promise<number> {
  let imported = 0;
  for (let from = 0; !signal.aborted;) {
    const jobs = await queue.getJobs([state], from, from + BATCH - 1, true);
    if (jobs.length === 0) break;
    const old = jobs.flatMap((job) => {
      const entry = read(job);
      return entry === undefined ? [] : [{ job, entry }];
    });
    imported += await db.transaction((tx) =>
      importDeadLetters(
        tx,
        old.map(({ entry }) => entry),
      ),
    );
    await Promise.all(old.map(({ job }) => job.remove()));
    from += jobs.length - old.length;
  }
  return imported;
}

const oldFailure = (queue: QueueName, job: Job): OldDeadLetter => ({
  queue,
  payload: job.data as OldDeadLetter['payload'],
  reason: job.failedReason ?? 'unknown',
  attempts: job.attemptsMade,
  failures: [],
  trace: '',
  created_at: new Date(job.timestamp).toISOString(),
  failed_at: new Date(job.finishedOn ?? Date.now()).toISOString(),
});

/** Adds jobs for open messages whose job Redis lost before the upgrade. */
async function addMissingJobs({
  db,
  bull,
  signal,
}: {
  db: Database;
  bull: BullHandle;
  signal: AbortSignal;
}): Promise<void> {
  for (let afterSeq = '0'; !signal.aborted;) {
    const page = await listMessagesWithoutJob(db, { afterSeq, limit: BATCH });
    for (const { id, queue } of page) {
      const known = await (await bull.queue(queue)).getJob(id);
      if (known === undefined || known.finishedOn) await addMissingJob(db, id);
    }
    const last = page.at(-1);
    if (last === undefined) return;
    afterSeq = last.seq;
  }
}
