import { applyEvent } from '@prosaas/conversations';
import {
  markMessagesAnswered,
  closeJobs,
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
import { batched } from '../batched.ts';
import { type JobDependencies, type JobHandler, MessageFailed } from '../job.ts';

/** The session that the conversation was held over was deleted. */
class SessionGone extends AppError {
  override code = 'SESSION_GONE';
}

interface Sent {
  job: JobRef;
  messageId: string;
  externalId: string;
}

/**
 * Sends a message. The idempotency key is the message's id: a send whose answer was lost is asked again, and the baileys service knows
 * it.
 */
export function createHandler({ db, baileys }: JobDependencies): JobHandler<'outbound-messages'> {
  const closeSent = batched((sent: readonly Sent[]) => closeAll(db, sent));

  return async ({ row, signal, log, close, closed }) => {
    const { message } = row;
    if (message?.status === 'failed') throw new MessageFailed(message.error ?? 'failed');
    // Sent by a worker of the release before.
    if (message?.status !== 'queued') return close();
    if (message.is_unwanted) return close((tx) => cancelOptedOutMessage(tx, message.id));
    if (message.session_id === null) throw new SessionGone('the conversation has no session to send from');
    const drop = (reason: string): Promise<void> =>
      close(async (tx) => void (await closeMessage(tx, message.id, { status: 'ignored', reason })));
    // A person took over after it had failed. The confirmation of an opt-out is sent in any case.
    const { state, opted_out_at: optedOutAt } = message.conversation;
    const isReplay = row.replays > 0;
    if (isReplay && message.author === 'agent' && state === 'person' && optedOutAt === null)
      return drop('taken_over');
    const isNotice = message.author === 'notice';
    if (isNotice && (await isOutdatedNotice(db, message.id))) return drop('no_longer_waiting');
    const { id: messageId, session_id: sessionId, conversation, text, account } = message;
    const chatId = message.address ?? conversation.contact;
    // A contact may be erased while a send to it is under way, which the baileys service notes afterwards.
    const forgetErased = (): Promise<void> => deleteSendWithoutMessage(db, { sessionId, messageId });
    const request = { key: messageId, session: sessionId, chatId, text, account, signal };
    let externalId: string;
    try {
      ({ id: externalId } = await baileys.sendText(request));
    } catch (error) {
      await forgetErased();
      // A notice is not worth an hour of retries and a place in the dead letter.
      if (!isNotice || !(error instanceof NewChatsRestricted)) throw error;
      log.warn({ error: error.message }, 'a notice is not sent');
      return drop('new_chats_restricted');
    }
    if (isReplay) {
      try {
        return await close((tx) => closeReplay(tx, message, externalId));
      } finally {
        await forgetErased();
      }
    }
    const { id, release } = row;
    const end = await closeSent({ job: { id, release }, messageId, externalId });
    if (!end.wasOpen) await forgetErased();
    closed(end);
  };
}

/** What failed for good is sent after all: what it answers is answered, and a conversation that waited for nothing else is the agent's. */
async function closeReplay(tx: Queryable, message: JobMessage, externalId: string): Promise<void> {
  const conversation = await lockConversation(tx, message.conversation_id);
  await closeMessage(tx, message.id, { status: 'sent', externalId });
  const isWaiting = conversation?.state === 'waiting';
  const waitsForIt = isWaiting && conversation.state_reason === 'failure';
  const isPersons = message.author === 'person';
  // Where it waits for another reason, the agent's word was that a person will answer.
  if (isPersons || !isWaiting || waitsForIt) await markMessagesAnswered(tx, message.id);
  if (!waitsForIt || (!isPersons && message.author !== 'agent' && message.author !== null)) return;
  await applyEvent(
    tx,
    message.conversation_id,
    { type: 'failure_resolved' },
    { actor: 'system', messageId: message.id },
  );
}

/** Under load several sends end in one transaction. */
async function closeAll(
  db: Database,
  sent: readonly Sent[],
): Promise<{ wasOpen: boolean; released: ReleasedJob[] }[]> {
  const { closed, released } = await db.transaction(async (tx) => {
    const ends = sent.map(({ messageId, externalId }) => ({
      id: messageId,
      end: { status: 'sent', externalId } as const,
    }));
    await closeMessages(tx, ends);
    return closeJobs(
      tx,
      sent.map(({ job }) => job),
    );
  });
  // The released jobs belong to the batch: the first entry carries them.
  return sent.map(({ job }, index) => ({
    wasOpen: closed.has(job.id),
    released: index === 0 ? released : [],
  }));
}
