import { failMessageOfDeadJob, type Database } from '@prosaas/database';
import {
  PayloadInvalid,
  checkPayload,
  type KeptLetter,
  type QueueName,
  type QueuePayloads,
} from '@prosaas/queues';

type Settle<Q extends QueueName> = (
  db: Database,
  job: QueuePayloads[Q],
  letter: Pick<KeptLetter, 'id' | 'reason'>,
) => Promise<unknown>;

/** A job that died without a word (its workers did, one after the other) leaves its message open: it is marked failed. */
const failMessage: Settle<QueueName> = (db, { messageId }, { id, reason }) =>
  failMessageOfDeadJob(db, { id: messageId, letterId: id, error: reason });

/** What follows from a final failure, in each queue. */
const settlements: { [Q in QueueName]: Settle<Q> } = {
  'inbound-messages': failMessage,
  'outbound-messages': failMessage,
};

export function settleDead(db: Database): (letter: KeptLetter) => Promise<void> {
  return async (letter) => {
    const { queue } = letter.origin;
    try {
      await settlements[queue](db, checkPayload(queue, letter.payload), letter);
    } catch (error) {
      // Its payload was why it failed: there is nothing to settle.
      if (!(error instanceof PayloadInvalid)) throw error;
    }
  };
}
