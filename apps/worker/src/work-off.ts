import {
  closeMessage,
  findMessageById,
  findOldestOpen,
  type Database,
  type MessageRow,
} from '@prosaas/database';
import type { MessageJob } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import { UnrecoverableError } from 'bullmq';
import type { KeyedMutex } from './keyed-mutex.ts';
import { describeError, judge } from './verdict.ts';

export interface Task<P> {
  payload: P;
  /** After this attempt there is no other. */
  lastAttempt: boolean;
  /** Aborts at the job's time limit and when the worker stops. */
  signal: AbortSignal;
  log: Logger;
}

/**
 * The order in a conversation: a job works off everything that is open there, oldest first, up to its own message. Whichever
 * of a conversation's jobs runs first, and whatever was retried, killed or run twice, messages are done in their order.
 * `step` must be harmless when another worker does the same message at the same time.
 *
 * A message whose failure is final is marked failed and the rest goes on. The job itself ends as its own message did, whoever
 * did that: so a failed message is a failed job.
 */
export async function workOff(
  { payload, lastAttempt, signal, log }: Task<MessageJob>,
  {
    db,
    direction,
    line,
    step,
  }: {
    db: Database;
    direction: MessageRow['direction'];
    line: KeyedMutex;
    step: (message: MessageRow) => Promise<void>;
  },
): Promise<void> {
  const { conversationId, messageId } = payload;
  const own = await findMessageById(db, messageId);
  if (!own || own.conversation_id !== conversationId || own.direction !== direction) {
    throw new UnrecoverableError('MESSAGE_NOT_FOUND: the message is not there (any more)');
  }
  await line.run(conversationId, signal, async () => {
    for (;;) {
      signal.throwIfAborted();
      const message = await findOldestOpen(db, { conversationId, direction, upToSeq: own.seq });
      if (!message) return;
      try {
        await step(message);
      } catch (error) {
        if (judge(error, { lastAttempt }).kind !== 'give-up') throw error;
        log.warn({ err: error, message_id: message.id, direction }, 'a message failed for good');
        await closeMessage(db, message.id, { status: 'failed', error: describeError(error) });
      }
    }
  });
  const end = await findMessageById(db, messageId);
  if (end?.status === 'failed') throw new UnrecoverableError(end.error ?? 'failed');
}
