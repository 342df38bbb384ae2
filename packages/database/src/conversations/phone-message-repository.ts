import { type ContactInput, openConversation } from './conversation-repository.ts';
import type { Queryable } from '../database.ts';
import type { MessageKind, MessageRow } from './message-repository.ts';

/** A message that the owner of an account wrote on the account's phone or on another linked device. */
export interface PhoneMessageInput extends Omit<ContactInput, 'contactName'> {
  /** WhatsApp's own id of the message, unique within its chat. */
  externalId: string;
  text: string;
  kind: MessageKind;
  sentAt: Date;
  /** Recipient's address: a phone number or a LID. */
  address?: string | undefined;
  /** Phone number that it was written from. */
  account?: string | undefined;
}

export interface PhoneMessage extends PhoneMessageRef {
  /** Time since it was written, from WhatsApp's timestamp to PostgreSQL's current time. */
  ageMs: number;
  /** Time since the customer's last message before it, by WhatsApp's timestamps; null if there is none. */
  sinceCustomerMs: number | null;
  /** The last message with the same text in each other chat of the session. */
  sameTexts: PhoneMessageRef[];
}

/** A message of the account's phone, and its chat. */
export interface PhoneMessageRef {
  id: string;
  conversationId: string;
}

/** How far back the same text is searched: in this many of the business' newest messages, and for this many hours. */
const SAME_TEXT_MESSAGES = 1000;
const SAME_TEXT_HOURS = 24;
/** How many of a chat's newest messages are searched for messages of about the same time, because they may arrive out of order. */
const NEAR_MESSAGES = 20;

/**
 * Stores a message of the account's own phone once. Its conversation stays locked until the transaction ends. Undefined for a
 * repeat, and for a message that a session of the business sent itself: another session of the same account receives it as the
 * phone's.
 */
export async function recordPhoneMessage(
  tx: Queryable,
  input: PhoneMessageInput,
): Promise<PhoneMessage | undefined> {
  if (await isOwnSend(tx, input)) return undefined;
  const { id: conversationId } = await openConversation(tx, input);
  const [row] = await tx.query<{ id: string }>(
    `insert into messages (business_id, conversation_id, session_id, direction, status, author, kind, text, external_id,
       sent_at, address, account)
     select $1, $2, $3, 'outbound', 'sent', 'phone', $4, $5, $6, $7, $8, $9
     where not exists (select from messages
       where conversation_id = $2 and direction = 'outbound' and session_id = $3 and external_id = $6)
     returning id`,
    [
      input.businessId,
      conversationId,
      input.sessionId,
      input.kind,
      input.text,
      input.externalId,
      input.sentAt,
      input.address ?? null,
      input.account ?? null,
    ],
  );
  if (!row) return undefined;
  const [times] = await tx.query<{ age_ms: number; since_customer_ms: number | null }>(
    `select extract(epoch from clock_timestamp() - $2)::float8 * 1000 as age_ms,
       extract(epoch from $2 - max(sent_at))::float8 * 1000 as since_customer_ms
     from (select sent_at from messages where conversation_id = $1 and direction = 'inbound'
       order by messages.seq desc limit $3) last
     where sent_at <= $2`,
    [conversationId, input.sentAt, NEAR_MESSAGES],
  );
  if (!times) throw new Error('an aggregate returned no row');
  return {
    id: row.id,
    conversationId,
    ageMs: times.age_ms,
    sinceCustomerMs: times.since_customer_ms,
    sameTexts: input.kind === 'text' ? await findSameTexts(tx, conversationId, input) : [],
  };
}

async function isOwnSend(
  tx: Queryable,
  { businessId, externalId }: Pick<PhoneMessageInput, 'businessId' | 'externalId'>,
): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from whatsapp_sends where message_id = $2
       and session_id in (select id from whatsapp_sessions where business_id = $1) limit 1`,
    [businessId, externalId],
  );
  return rows.length > 0;
}

function findSameTexts(
  tx: Queryable,
  conversationId: string,
  { businessId, sessionId, text }: PhoneMessageInput,
): Promise<PhoneMessageRef[]> {
  return tx.query(
    `select distinct on (conversation_id) id, conversation_id as "conversationId"
     from (select * from messages where business_id = $1 order by messages.seq desc limit $5) recent
     where session_id = $2 and author = 'phone' and kind = 'text' and text = $3 and conversation_id <> $4
       and created_at > now() - $6 * interval '1 hour'
     order by conversation_id, recent.seq desc`,
    [businessId, sessionId, text, conversationId, SAME_TEXT_MESSAGES, SAME_TEXT_HOURS],
  );
}

/**
 * Messages that the account's phone wrote into a chat within `withinMs` after a customer's message, and that were stored before
 * that message.
 */
export function listPhoneMessagesAfter(
  tx: Queryable,
  { conversation_id: conversationId, sent_at: sentAt }: Pick<MessageRow, 'conversation_id' | 'sent_at'>,
  withinMs: number,
): Promise<PhoneMessageRef[]> {
  return tx.query(
    `select id, $1 as "conversationId"
     from (select * from messages where conversation_id = $1 order by messages.seq desc limit $4) near
     where author = 'phone' and sent_at between $2 and $2::timestamptz + $3 * interval '1 millisecond'`,
    [conversationId, sentAt, withinMs, NEAR_MESSAGES],
  );
}

/**
 * Of the chats that these messages took over from the agent, returns those in which nothing has happened since, and locks them
 * until the transaction ends. Leaves out chats that another transaction has locked.
 *
 * @param except id of a message that does not count as something that has happened
 */
export async function lockUntouchedTakeovers(
  tx: Queryable,
  messages: readonly PhoneMessageRef[],
  except?: string,
): Promise<PhoneMessageRef[]> {
  if (messages.length === 0) return [];
  return tx.query(
    `select taken.message_id as id, conversations.id as "conversationId"
     from conversation_events taken
       join conversations on conversations.id = taken.conversation_id
       join messages on messages.id = taken.message_id
     where taken.conversation_id = any($1::uuid[]) and taken.message_id = any($2::uuid[])
       and taken.event = 'person_wrote' and taken.from_state = 'agent' and conversations.state = 'person'
       and not exists (select from conversation_events later where later.conversation_id = taken.conversation_id
         and later.id > taken.id and later.event <> 'answer_dropped')
       and not exists (select from messages later where later.conversation_id = taken.conversation_id
         and later.seq > messages.seq and later.id is distinct from $3)
     order by conversations.id
     for update of conversations skip locked`,
    [messages.map(({ conversationId }) => conversationId), messages.map(({ id }) => id), except ?? null],
  );
}

/** Whether one of the people of the business has this phone number. */
export async function isPersonNumber(
  q: Queryable,
  { businessId, number }: { businessId: string; number: string },
): Promise<boolean> {
  const rows = await q.query(
    'select 1 from people where business_id = $1 and phone_number = $2 and revoked_at is null',
    [businessId, number],
  );
  return rows.length > 0;
}
