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

/** Stores what the owner wrote from her phone, with what follows for the chat. Undefined for a repeat. */
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
  // The third chat tells that the messages in the first two were automatic, too.
  if (takeOver === 'same_text') await giveBack(tx, sameTexts);
  return takeOver;
}

/**
 * A customer's message that comes later than what was written right after it, as when it could not be read at first, tells that this was
 * automatic.
 */
export async function giveBackIfAutomatic(
  tx: Queryable,
  customers: Pick<MessageRow, 'id' | 'conversation_id' | 'sent_at'>,
): Promise<void> {
  await giveBack(tx, await listPhoneMessagesAfter(tx, customers, AUTOMATIC_MS), customers.id);
}

/** The agent answers again in the chats that automatic messages took over. */
async function giveBack(tx: Queryable, messages: readonly PhoneMessageRef[], except?: string): Promise<void> {
  for (const { conversationId, id: messageId } of await lockUntouchedTakeovers(tx, messages, except)) {
    const source = { actor: 'system', messageId, note: 'automatic_message' } as const;
    // oxlint-disable-next-line no-await-in-loop -- two, nearly always
    await applyEvent(tx, conversationId, { type: 'given_back' }, source);
  }
}
