import { closeMessage, type Database } from '@prosaas/database';
import { PayloadInvalid, checkPayload, type DeadLetter, type MessageJob } from '@prosaas/queues';

/** A job that died without a word (its workers did, one after the other) leaves its message open: it is marked failed. */
export function settleDead(db: Database): (letter: DeadLetter) => Promise<void> {
  return async ({ origin, payload, reason }) => {
    let job: MessageJob;
    try {
      job = checkPayload(origin.queue, payload);
    } catch (error) {
      // Its payload was why it failed: there is no message to settle.
      if (error instanceof PayloadInvalid) return;
      throw error;
    }
    await closeMessage(db, job.messageId, { status: 'failed', error: reason });
  };
}
