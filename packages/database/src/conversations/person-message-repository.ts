import type { Queryable } from '../database.ts';
import { type MessageSummary, findMessage } from './message-listing.ts';

/**
 * Stores a message that a person, or a program in the name of the business, writes into a conversation. It goes to the address that
 * the contact last wrote from, from the session's current account. `id` is derived from the caller's idempotency key, so that a
 * repeat finds the first message (`fresh` is false). The caller holds the lock on the conversation (`lockConversation`), so that
 * messages get their `seq` in commit order. Add the job in the same transaction: `addJob`.
 */
export async function recordPersonMessage(
  tx: Queryable,
  input: {
    id: string;
    conversationId: string;
    businessId: string;
    text: string;
    author: 'person' | 'program' | 'notice';
    personId?: string | undefined;
  },
): Promise<{ message: MessageSummary; fresh: boolean }> {
  const inserted = await tx.query(
    `insert into messages (id, business_id, conversation_id, session_id, direction, status, text, author, person_id, address, account)
     select $1, business_id, id, session_id, 'outbound', 'queued', $3, $4, $5,
         (select address from messages
          where conversation_id = $2 and direction = 'inbound' order by messages.seq desc limit 1),
         (select phone_number from whatsapp_sessions where whatsapp_sessions.id = conversations.session_id)
       from conversations where conversations.id = $2
     on conflict (id) do nothing
     returning id`,
    [input.id, input.conversationId, input.text, input.author, input.personId],
  );
  if (inserted.length === 1) {
    await tx.query('update conversations set last_message_at = now() where id = $1', [input.conversationId]);
  }
  const message = await findMessage(tx, input.id, input.businessId);
  if (message === undefined) throw new Error('a message that was just written is not there');
  return { message, fresh: inserted.length === 1 };
}
