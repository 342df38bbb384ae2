import { findConversationById, messageCloser, type Database } from '@prosaas/database';
import type { MessageJob, Pace } from '@prosaas/queues';
import { UnrecoverableError } from 'bullmq';
import type { BaileysClient } from '../baileys-client.ts';
import type { KeyedMutex } from '../keyed-mutex.ts';
import type { FailMessage } from '../lost-jobs.ts';
import { workOff, type Task } from '../work-off.ts';

export interface SendDependencies {
  db: Database;
  baileys: BaileysClient;
  line: KeyedMutex;
  fail: FailMessage;
  /** Of the sends. */
  pace: Pace;
}

/**
 * Sends what stands unsent in a conversation. The idempotency key is the message's id: a send whose
 * answer was lost is asked again, and the baileys service knows it.
 */
export function sendOutbound({
  db,
  baileys,
  line,
  fail,
  pace,
}: SendDependencies): (task: Task<MessageJob>) => Promise<void> {
  const closeMessage = messageCloser(db);
  return async (task) =>
    workOff(task, {
      db,
      direction: 'outbound',
      line,
      fail,
      step: async (message) => {
        // It may be long in coming, and the contact be erased meanwhile.
        await pace.turn(task.signal);
        const conversation = await findConversationById(db, message.conversation_id);
        if (!conversation || message.session_id === null) {
          throw new UnrecoverableError('SESSION_GONE: the conversation has no session to send from');
        }
        const { id } = await baileys.sendText({
          key: message.id,
          session: message.session_id,
          chatId: conversation.contact,
          text: message.text,
          signal: task.signal,
        });
        return closeMessage(message.id, { status: 'sent', externalId: id });
      },
    });
}
