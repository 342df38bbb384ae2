import { listOverdue, type Database, type MessageRow } from '@prosaas/database';
import type { MessageJob, Producer, QueueName } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';

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

/**
 * Enqueues the messages that stand open for too long once more, but for those whose job is still in the outbox. Most have their job,
 * waiting out a backoff, and the key says so; the rest lost theirs: a Redis that crashes may forget its last second, one that lost its disk everything.
 */
export async function findLostJobs({
  db,
  producer,
  log,
  signal,
  now = new Date(),
}: {
  db: Database;
  producer: Producer;
  log: Logger;
  /** What is left when it aborts is found the next time. */
  signal?: AbortSignal;
  now?: Date;
}): Promise<number> {
  const olderThan = new Date(now.getTime() - OVERDUE_MS);
  let lost = 0;
  let afterSeq = '0';
  while (signal?.aborted !== true) {
    const page = await listOverdue(db, { olderThan, afterSeq, limit: PAGE });
    const added = await producer.enqueueUnchecked(page.map(jobOf));
    lost += added.filter(({ fresh }) => fresh).length;
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    afterSeq = last.seq;
  }
  if (lost > 0) log.warn({ lost }, 'messages had lost their jobs and were enqueued again');
  return lost;
}
