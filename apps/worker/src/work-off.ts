import { findMessageById, findOldestOpen, type Database, type MessageRow } from '@prosaas/database';
import type { MessageJob } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import { UnrecoverableError } from 'bullmq';
import { type KeyedMutex, LineFull } from './keyed-mutex.ts';
import type { FailMessage } from './lost-jobs.ts';
import { describeError, judge, reportOf } from './verdict.ts';

/** `step` is the work on one message, and tells whether it was done here. */
export type Around = (messageId: string, step: () => Promise<boolean>) => Promise<boolean>;

export interface Task<P> {
  payload: P;
  /** W3C `traceparent` of the job: for what follows from it. */
  trace: string;
  /** After this attempt there is no other. */
  lastAttempt: boolean;
  /** Aborts at the job's time limit and when the worker stops. */
  signal: AbortSignal;
  log: Logger;
  /** Stands around the work on each message, and may refuse it by what it throws. */
  around: Around;
}

/** How long a job goes on with what came after its own message: a contact who never stops must not keep it. */
const BEYOND_MS = 10_000;

/**
 * The order in a conversation: a job works off everything that is open there, oldest first. Up to its own message it must; beyond it,
 * it does what it can, for a while, so that the jobs of a burst need not come in their order nor wait for one another. Whichever
 * of a conversation's jobs runs first, and whatever was retried, killed or run twice, messages are done in their order.
 *
 * `step` does one message; false means that another worker did it or is about to. It must be harmless when two do the same at once.
 *
 * A message whose failure is final is marked failed and the rest goes on. The job itself ends as its own message did, whoever
 * did that: so a failed message is a failed job.
 */
export async function workOff(
  { payload, lastAttempt, signal, log, around }: Task<MessageJob>,
  {
    db,
    direction,
    line,
    fail,
    step,
  }: {
    db: Database;
    direction: MessageRow['direction'];
    line: KeyedMutex;
    fail: FailMessage;
    step: (message: MessageRow) => Promise<boolean>;
  },
): Promise<void> {
  const { conversationId, messageId } = payload;
  const own = await findMessageById(db, messageId);
  if (!own || own.conversation_id !== conversationId || own.direction !== direction) {
    throw new UnrecoverableError('MESSAGE_NOT_FOUND: the message is not there (any more)');
  }
  if (isOpen(own)) {
    await line.run(conversationId, signal, async () => {
      const until = performance.now() + BEYOND_MS;
      for (;;) {
        const message = await findOldestOpen(db, { conversationId, direction, ownId: own.id });
        if (!message) return;
        const beyond = BigInt(message.seq) > BigInt(own.seq);
        if (beyond && (signal.aborted || performance.now() > until)) return;
        // It did what it could; what is left has not been tried.
        if (signal.aborted)
          throw new LineFull('older messages took all of the time', { cause: signal.reason });
        const isOwn = message.id === own.id;
        try {
          const mine = await around(message.id, () => step(message));
          if (beyond && !mine) return;
        } catch (error) {
          // Another message has attempts of its own, with its own job.
          const { kind } = judge(error, {
            lastAttempt: lastAttempt && isOwn,
            ageMs: Date.now() - (message.not_before ?? message.created_at).getTime(),
          });
          if (kind !== 'give-up') {
            if (beyond) return;
            if (kind === 'retry' && !isOwn) throw new LineFull('an older message failed', { cause: error });
            throw error;
          }
          log.warn({ ...reportOf(error), message_id: message.id, direction }, 'a message failed for good');
          await fail(message, describeError(error));
        }
      }
    });
  }
  const end = isOpen(own) ? await findMessageById(db, messageId) : own;
  if (end?.status === 'failed') throw new UnrecoverableError(end.error ?? 'failed');
}

function isOpen({ status }: MessageRow): boolean {
  return status === 'received' || status === 'queued';
}
