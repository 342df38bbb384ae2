import { applyEvent } from '@prosaas/conversations';
import {
  markMessagesAnswered,
  completeJobs,
  closeMessage,
  closeMessages,
  deleteSendWithoutMessage,
  cancelOptedOutMessage,
  isOutdatedNotice,
  lockConversation,
  type Database,
  type JobMessage,
  type JobRef,
  type Queryable,
  type ReleasedJob,
} from '@prosaas/database';
import { AppError } from '@prosaas/runtime';
import { NewChatsRestricted } from '../baileys-client.ts';
import { batchCalls } from '../batch-calls.ts';
import { type JobDependencies, type JobHandler, MessageFailed } from '../job.ts';

/** The WhatsApp session of the conversation was deleted. */
class SessionGone extends AppError {
  override code = 'SESSION_GONE';
}

interface Sent {
  job: JobRef;
  messageId: string;
  externalId: string;
}

/**
 * Sends a message through the baileys service. The idempotency key is the message's id, so a request whose response was lost can be
 * repeated.
 */
export function createHandler({ db, baileys }: JobDependencies): JobHandler<'outbound-messages'> {
  const completeSent = batchCalls((sent: readonly Sent[]) => completeAll(db, sent));

  return async ({ row, signal, log, complete, reportCompleted }) => {
    const { message } = row;
    if (message?.status === 'failed') throw new MessageFailed(message.error ?? 'failed');
    // A worker of a previous version has sent it.
    if (message?.status !== 'queued') return complete();
    if (message.is_unwanted) return complete((tx) => cancelOptedOutMessage(tx, message.id));
    if (message.session_id === null) throw new SessionGone('the conversation has no session to send from');
    const drop = (reason: string): Promise<void> =>
      complete(async (tx) => void (await closeMessage(tx, message.id, { status: 'ignored', reason })));
    // Do not replay an answer of the agent after a person has taken over, unless it confirms an opt-out.
    const { state, opted_out_at: optedOutAt } = message.conversation;
    const isReplay = row.replays > 0;
    if (isReplay && message.author === 'agent' && state === 'person' && optedOutAt === null)
      return drop('taken_over');
    const isNotice = message.author === 'notice';
    if (isNotice && (await isOutdatedNotice(db, message.id))) return drop('no_longer_waiting');
    const { id: messageId, session_id: sessionId, conversation, text, account } = message;
    const chatId = message.address ?? conversation.contact;
    // If the contact is erased during a send, the baileys service records the send afterwards.
    const deleteOrphanedSend = (): Promise<void> => deleteSendWithoutMessage(db, { sessionId, messageId });
    const request = { key: messageId, session: sessionId, chatId, text, account, signal };
    let externalId: string;
    try {
      ({ id: externalId } = await baileys.sendText(request));
    } catch (error) {
      await deleteOrphanedSend();
      // A notice is not worth an hour of retries and an entry in the dead letter.
      if (!isNotice || !(error instanceof NewChatsRestricted)) throw error;
      log.warn({ error: error.message }, 'a notice is not sent');
      return drop('new_chats_restricted');
    }
    if (isReplay) {
      try {
        return await complete((tx) => closeReplay(tx, message, externalId));
      } finally {
        await deleteOrphanedSend();
      }
    }
    const { id, release } = row;
    const end = await completeSent({ job: { id, release }, messageId, externalId });
    if (!end.wasOpen) await deleteOrphanedSend();
    reportCompleted(end);
  };
}

/**
 * Closes a replayed message while its job is completed: marks its questions as answered, and gives the conversation back to the agent if
 * it waited only for this.
 */
async function closeReplay(tx: Queryable, message: JobMessage, externalId: string): Promise<void> {
  const conversation = await lockConversation(tx, message.conversation_id);
  await closeMessage(tx, message.id, { status: 'sent', externalId });
  const isWaiting = conversation?.state === 'waiting';
  const waitsForIt = isWaiting && conversation.state_reason === 'failure';
  const isOfPerson = message.author === 'person';
  // If it waits for another reason, the agent's message said that a person will answer.
  if (isOfPerson || !isWaiting || waitsForIt) await markMessagesAnswered(tx, message.id);
  if (!waitsForIt || (!isOfPerson && message.author !== 'agent' && message.author !== null)) return;
  await applyEvent(
    tx,
    message.conversation_id,
    { type: 'failure_resolved' },
    { actor: 'system', messageId: message.id },
  );
}

/** Completes the jobs of several sends and closes their messages in one transaction. */
async function completeAll(
  db: Database,
  sent: readonly Sent[],
): Promise<{ wasOpen: boolean; released: ReleasedJob[] }[]> {
  const { completed, released } = await db.transaction(async (tx) => {
    const ends = sent.map(({ messageId, externalId }) => ({
      id: messageId,
      end: { status: 'sent', externalId } as const,
    }));
    await closeMessages(tx, ends);
    return completeJobs(
      tx,
      sent.map(({ job }) => job),
    );
  });
  // The released jobs belong to the whole batch: the first entry reports them.
  return sent.map(({ job }, index) => ({
    wasOpen: completed.has(job.id),
    released: index === 0 ? released : [],
  }));
}
