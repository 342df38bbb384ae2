import {
  addToOutbox,
  closeMessage,
  isInOutbox,
  listOverdue,
  type Database,
  type MessageRow,
} from '@prosaas/database';
import { findOpenJobs, type MessageJob, type Producer, type QueueName } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { Redis } from 'ioredis';

const OVERDUE_MS = 60_000;
const PAGE = 500;

/** Where a message's job is. Its id is the message's. */
export function queueOf(direction: MessageRow['direction']): QueueName {
  return direction === 'inbound' ? 'inbound-messages' : 'outbound-messages';
}

/** Where an open message's job is, or was lost from. */
function jobOf(message: MessageRow): { queue: QueueName; key: string; payload: MessageJob } {
  return {
    queue: queueOf(message.direction),
    key: message.id,
    payload: {
      messageId: message.id,
      conversationId: message.conversation_id,
      businessId: message.business_id,
    },
  };
}

interface Jobs {
  db: Database;
  redis: Redis;
  bullPrefix: string;
}

/**
 * Gives up a message that its own job did not come to. That ends as its message did, and becomes a letter in the dead letter; where
 * Redis has lost it, it is written anew with the end of its message. A job that is there can't go while its message is open.
 */
export function messageFailer({ db, redis, bullPrefix }: Jobs): FailMessage {
  return async (message, error) => {
    const end = { status: 'failed', error } as const;
    const { queue, key, payload } = jobOf(message);
    // In this order: a job leaves the outbox when Redis has it.
    const isThere =
      (await isInOutbox(db, { queue, key })) ||
      (await findOpenJobs(redis, bullPrefix, [{ queue, id: key }])).has(key);
    if (isThere) return void (await closeMessage(db, message.id, end));
    await db.transaction(async (tx) => {
      if (await closeMessage(tx, message.id, end))
        await addToOutbox(tx, { queue, key, payload: { ...payload } });
    });
  };
}

export type FailMessage = (message: MessageRow, error: string) => Promise<void>;

/**
 * Enqueues the messages that stand open for too long once more, but for those whose job is still in the outbox or in Redis. The rest
 * lost theirs: a Redis that crashes may forget its last second, one that lost its disk everything.
 */
export async function findLostJobs({
  db,
  redis,
  bullPrefix,
  producer,
  log,
  signal,
  now = new Date(),
}: Jobs & {
  producer: Producer;
  log: Logger;
  /** Ends the search; the next one begins anew. */
  signal?: AbortSignal;
  now?: Date;
}): Promise<number> {
  const olderThan = new Date(now.getTime() - OVERDUE_MS);
  let lost = 0;
  let afterSeq = '0';
  while (signal?.aborted !== true) {
    const wanted = { olderThan, afterSeq, limit: PAGE };
    const page = await listOverdue(db, wanted);
    const jobs = page.map(({ direction, id }) => ({ queue: queueOf(direction), id }));
    const there = await findOpenJobs(redis, bullPrefix, jobs);
    const jobless = page.filter(({ id }) => !there.has(id));
    if (jobless.length > 0) {
      // Whoever takes a job away has closed its message before: one that is open still has lost its job.
      const open = new Set((await listOverdue(db, wanted)).map(({ id }) => id));
      const added = await producer.enqueueUnchecked(jobless.filter(({ id }) => open.has(id)).map(jobOf));
      lost += added.filter(({ fresh }) => fresh).length;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    afterSeq = last.seq;
  }
  if (lost > 0) log.warn({ lost }, 'messages had lost their jobs and were enqueued again');
  return lost;
}
