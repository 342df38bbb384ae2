import { closeMessage, type Database } from '@prosaas/database';
import {
  PayloadInvalid,
  checkPayload,
  type DeadLetter,
  type QueueName,
  type QueuePayloads,
} from '@prosaas/queues';

type Settle<Q extends QueueName> = (db: Database, job: QueuePayloads[Q], reason: string) => Promise<unknown>;

/** A job that died without a word (its workers did, one after the other) leaves its message open: it is marked failed. */
const failMessage: Settle<QueueName> = (db, { messageId }, reason) =>
  closeMessage(db, messageId, { status: 'failed', error: reason });

/** What follows from a final failure, in each queue. */
const settlements: { [Q in QueueName]: Settle<Q> } = {
  'inbound-messages': failMessage,
  'outbound-messages': failMessage,
};

export function settleDead(db: Database): (letter: DeadLetter) => Promise<void> {
  return async ({ origin: { queue }, payload, reason }) => {
    try {
      await settlements[queue](db, checkPayload(queue, payload), reason);
    } catch (error) {
      // Its payload was why it failed: there is nothing to settle.
      if (!(error instanceof PayloadInvalid)) throw error;
    }
  };
}
