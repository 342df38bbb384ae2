import { applyEvent } from '@prosaas/conversations';
import {
  type MessageRow,
  type PhoneMessageInput,
  type PhoneMessageRef,
  type Queryable,
  listPhoneMessagesAfter,
  lockUntouchedTakeovers,
  recordPhoneMessage,
} from '@prosaas/database';
import { AUTOMATIC_MS, type TakeOver, decideTakeOver } from './take-over.ts';

/** Stores a message that the account's owner wrote from the phone, and updates who answers the chat. Undefined for a repeat. */
export async function storePhoneMessage(
  tx: Queryable,
  input: PhoneMessageInput,
): Promise<TakeOver | undefined> {
  const message = await recordPhoneMessage(tx, input);
  if (!message) return undefined;
  const { id: messageId, conversationId, sameTexts } = message;
  const takeOver = decideTakeOver({ ...message, chats: sameTexts.length + 1 });
  if (takeOver === 'takes_over') {
    await applyEvent(tx, conversationId, { type: 'person_wrote' }, { actor: 'phone', messageId });
  }
  // The third chat shows that the messages in the first two were automatic, too.
  if (takeOver === 'same_text') await returnToAgent(tx, sameTexts);
  return takeOver;
}

/**
 * Returns the chat to the agent when the phone's messages that follow this message of the customer were automatic. They are
 * stored before it when it could not be decrypted at first.
 */
export async function returnIfAutomatic(
  tx: Queryable,
  message: Pick<MessageRow, 'id' | 'conversation_id' | 'sent_at'>,
): Promise<void> {
  await returnToAgent(tx, await listPhoneMessagesAfter(tx, message, AUTOMATIC_MS), message.id);
}

/** Returns the chats to the agent that these automatic messages took over. */
async function returnToAgent(
  tx: Queryable,
  messages: readonly PhoneMessageRef[],
  except?: string,
): Promise<void> {
  for (const { conversationId, id: messageId } of await lockUntouchedTakeovers(tx, messages, except)) {
    const source = { actor: 'system', messageId, note: 'automatic_message' } as const;
    // oxlint-disable-next-line no-await-in-loop -- nearly always two
    await applyEvent(tx, conversationId, { type: 'given_back' }, source);
  }
}
