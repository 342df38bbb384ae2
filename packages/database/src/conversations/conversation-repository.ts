import type { Queryable } from '../database.ts';

/** Who answers; see migration 0015. */
export const conversationStates = ['agent', 'waiting', 'person', 'closed'] as const;
export type ConversationState = (typeof conversationStates)[number];

export interface ConversationRow {
  id: string;
  business_id: string;
  channel: 'whatsapp' | 'phone';
  session_id: string | null;
  /**
   * The contact's address in the first message: the phone number if known, else the LID. An answer goes to the address of the
   * message that it answers.
   */
  contact: string;
  alternate_contact: string | null;
  contact_name: string | null;
  state: ConversationState;
  state_reason: string | null;
  person_id: string | null;
  /** Consecutive messages that the agent did not understand. */
  not_understood: number;
  opted_out_at: Date | null;
  last_inbound_at: Date | null;
}

/** SQL: id of the business' own person who has the phone number of a conversation's contact; null if nobody has. */
export const STAFF_OF_CONTACT = `(select people.id from people
  where people.business_id = conversations.business_id and people.revoked_at is null
    and people.phone_number = any(array[split_part(conversations.contact, '@s.whatsapp.net', 1), split_part(conversations.alternate_contact, '@s.whatsapp.net', 1)])
  limit 1)`;

const COLUMNS = `id, business_id, channel, session_id, contact, alternate_contact, contact_name,
  state, state_reason, person_id, not_understood, opted_out_at, last_inbound_at`;

export interface ContactInput {
  businessId: string;
  sessionId: string;
  contact: string;
  altContact?: string | undefined;
  contactName?: string | undefined;
  /** True if the contact wrote, false if the business did. Default false. */
  isInbound?: boolean | undefined;
}

/**
 * Finds or creates the conversation with a contact. Its row stays locked until the transaction ends, so that messages of one
 * conversation get their `seq` in commit order.
 *
 * WhatsApp addresses a person by phone number or by LID; a conversation is found under either. The advisory locks, taken in a fixed
 * order, keep two concurrent first messages under different addresses from creating two conversations.
 */
export async function openConversation(tx: Queryable, input: ContactInput): Promise<ConversationRow> {
  const addresses = [...new Set([input.contact, input.altContact ?? input.contact])].toSorted();
  for (const address of addresses) {
    // In sequence: the fixed order prevents deadlocks.
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `conversation:${input.sessionId}:${address}`,
    ]);
  }
  const [existing] = await tx.query<ConversationRow>(
    `update conversations set
       alternate_contact = case
         when contact <> $4 then coalesce(alternate_contact, $4)
         else coalesce(alternate_contact, $5) end,
       contact_name = coalesce($6, contact_name),
       last_message_at = now(),
       last_inbound_at = case when $8 then now() else last_inbound_at end
     where id = (
       select id from conversations
       where business_id = $1 and channel = $2 and session_id = $3
         and (contact = any($7) or alternate_contact = any($7))
       order by created_at, id limit 1)
     returning ${COLUMNS}`,
    [
      input.businessId,
      'whatsapp',
      input.sessionId,
      input.contact,
      input.altContact ?? null,
      input.contactName ?? null,
      addresses,
      input.isInbound ?? false,
    ],
  );
  if (existing) return existing;
  const [row] = await tx.query<ConversationRow>(
    `insert into conversations (business_id, channel, session_id, contact, alternate_contact, contact_name, last_message_at,
       last_inbound_at)
     values ($1, $2, $3, $4, $5, $6, now(), case when $7 then now() end)
     on conflict (business_id, channel, session_id, contact) do update set last_message_at = now(),
       last_inbound_at = coalesce(excluded.last_inbound_at, conversations.last_inbound_at)
     returning ${COLUMNS}`,
    [
      input.businessId,
      'whatsapp',
      input.sessionId,
      input.contact,
      input.altContact ?? null,
      input.contactName ?? null,
      input.isInbound ?? false,
    ],
  );
  if (!row) throw new Error('an upsert returned no row');
  return row;
}

/** Locks a conversation until the transaction ends, so that decisions about it are made one at a time. */
export async function lockConversation(tx: Queryable, id: string): Promise<ConversationRow | undefined> {
  const [row] = await tx.query<ConversationRow>(
    `select ${COLUMNS} from conversations where id = $1 for update`,
    [id],
  );
  return row;
}

/** Whether this address, a phone number or a LID, has ever written to the session's phone number `account`. */
export async function hasInboundMessage(
  q: Queryable,
  { sessionId, address, account }: { sessionId: string; address: string; account: string | undefined },
): Promise<boolean> {
  const rows = await q.query(
    `select 1 from conversations
     where session_id = $1 and channel = 'whatsapp' and (contact = $2 or alternate_contact = $2)
       and exists (select from messages where conversation_id = conversations.id and direction = 'inbound'
         and (account is null or account = $3))
     limit 1`,
    [sessionId, address, account ?? null],
  );
  return rows.length > 0;
}

/** Whether at least `count` answers of the agent were written into the conversation in the last `minutes`. */
export async function hasRecentAnswers(
  q: Queryable,
  id: string,
  { count, minutes }: { count: number; minutes: number },
): Promise<boolean> {
  const rows = await q.query(
    `select 1 from (
       select created_at from messages
       where conversation_id = $1 and direction = 'outbound' and in_reply_to is not null and coalesce(author, 'agent') = 'agent'
       order by messages.seq desc offset $2 limit 1) last
     where created_at > now() - $3 * interval '1 minute'`,
    [id, count - 1, minutes],
  );
  return rows.length > 0;
}

/** Records that the contact wants no more messages. Keeps the time of an earlier opt-out. */
export async function markOptedOut(q: Queryable, id: string): Promise<void> {
  await q.query('update conversations set opted_out_at = coalesce(opted_out_at, now()) where id = $1', [id]);
}

/** Clears the opt-out, at the request of the contact or of a person. */
export async function markOptedIn(q: Queryable, id: string): Promise<void> {
  await q.query('update conversations set opted_out_at = null where id = $1', [id]);
}
