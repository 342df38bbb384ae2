import { applyEvent } from '@prosaas/conversations';
import {
  type PhoneMessage,
  type PhoneMessageInput,
  type Queryable,
  lockTakenOverBy,
  recordPhoneMessage,
} from '@prosaas/database';
import { type TakeOver, decideTakeOver } from './take-over.ts';

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
  if (takeOver === 'same_text') await giveBack(tx, sameTexts);
  return takeOver;
}

/** The third chat tells that the messages in the first two were automatic, too. */
async function giveBack(tx: Queryable, messages: PhoneMessage['sameTexts']): Promise<void> {
  for (const { conversationId, messageId } of await lockTakenOverBy(tx, messages)) {
    const source = { actor: 'system', messageId, note: 'automatic_message' } as const;
    // oxlint-disable-next-line no-await-in-loop -- two, nearly always
    await applyEvent(tx, conversationId, { type: 'given_back' }, source);
  }
}
