import { type ContactInput, openConversation } from './conversation-repository.ts';
import type { Database, Queryable } from '../database.ts';
import type { MessageStatus } from './message-repository.ts';
import type { SendInput } from '../whatsapp/send-repository.ts';

/** A message that a program sends directly, without a job. `key` is the message's id. */
export interface ProgramSend extends SendInput, Pick<ContactInput, 'businessId' | 'contact' | 'altContact'> {
  /** Phone number that it is sent from. */
  account: string | undefined;
}

export type RecordedProgramMessage =
  | { state: 'fresh' }
  | { state: 'opted_out'; conversationId: string }
  /** A repeat: the message exists already. */
  | { state: 'known'; message: KnownProgramMessage };

interface KnownProgramMessage {
  status: MessageStatus;
  text: string;
  address: string | null;
  conversation_id: string;
  is_opted_out: boolean;
}

/**
 * Stores a program's message in the conversation with its contact, which is created if needed, and claims the send. Stores nothing
 * if the contact has opted out. Unlike other unsent messages it has WhatsApp's id from the start: no job sends it, and its status
 * follows its row in `whatsapp_sends`.
 */
export async function recordProgramMessage(db: Database, send: ProgramSend): Promise<RecordedProgramMessage> {
  const recorded = await writeMessage(db, send);
  if (recorded) return recorded;
  return db.transaction(async (tx) => {
    await openConversation(tx, send);
    const written = await writeMessage(tx, send);
    if (!written) throw new Error('a conversation that was just opened is not there');
    return written;
  });
}

/** Undefined if there is no conversation yet. */
async function writeMessage(q: Queryable, send: ProgramSend): Promise<RecordedProgramMessage | undefined> {
  const { businessId, sessionId, contact, altContact, key, text, chatId, account, messageId, bodyHash } =
    send;
  // Locks the conversation's row until the commit, so that its messages get their `seq` in commit order.
  const [row] = await q.query<{ id: string; is_opted_out: boolean; is_fresh: boolean }>(
    `with conversation as materialized (
       select id, opted_out_at from conversations
       where business_id = $1 and channel = 'whatsapp' and session_id = $2
         and (contact = any($3) or alternate_contact = any($3))
       order by created_at, id limit 1 for update),
     message as (
       insert into messages
         (id, business_id, conversation_id, session_id, direction, status, author, text, address, account, external_id)
       select $4, $1, id, $2, 'outbound', 'queued', 'program', $5, $6, $7, $8 from conversation where opted_out_at is null
       on conflict (id) do nothing
       returning conversation_id),
     moved as (
       update conversations set last_message_at = now(),
         alternate_contact = coalesce(alternate_contact, (select name from unnest($3::text[]) name where name <> contact limit 1))
       from message where conversations.id = message.conversation_id),
     claimed as (
       insert into whatsapp_sends (session_id, key, chat_id, body_hash, message_id, text)
       select $2, $4::text, $6, $9, $8, $5 from message
       on conflict (session_id, key) do nothing)
     select id, opted_out_at is not null as is_opted_out, exists (select from message) as is_fresh from conversation`,
    [
      businessId,
      sessionId,
      [...new Set([contact, altContact ?? contact])],
      key,
      text,
      chatId,
      account ?? null,
      messageId,
      bodyHash,
    ],
  );
  if (row?.is_fresh) return { state: 'fresh' };
  const [known] = await q.query<KnownProgramMessage>(
    `select status, text, address, conversation_id, opted_out_at is not null as is_opted_out
     from messages join conversations on conversations.id = conversation_id where messages.id = $1`,
    [key],
  );
  if (known) return { state: 'known', message: known };
  return row?.is_opted_out ? { state: 'opted_out', conversationId: row.id } : undefined;
}

/** Marks a program's message as failed. A repeated request may still send it, and WhatsApp may still confirm it. */
export async function failProgramMessage(q: Queryable, id: string, error: string): Promise<void> {
  await q.query(
    `update messages set status = 'failed', error = $2, reason = null
     where id = $1 and status in ('queued', 'failed', 'ignored')`,
    [id, error],
  );
}

/** Marks a program's message as ignored because its contact has opted out since. A repeated request does not send it. */
export async function dropProgramMessage(q: Queryable, id: string): Promise<void> {
  await q.query(
    `update messages set status = 'ignored', reason = 'opted_out', error = null where id = $1 and status in ('queued', 'failed')`,
    [id],
  );
}

/**
 * Closes programs' messages that have been open for longer than a send takes, because the service was killed. Each becomes `sent`
 * if its row in `whatsapp_sends` says so, else `failed`. Returns the count.
 */
export async function resolveLostProgramMessages(
  q: Queryable,
  { afterSeconds, error }: { afterSeconds: number; error: string },
): Promise<number> {
  const rows = await q.query(
    `update messages set status = case when is_sent then 'sent' else 'failed' end, sent_at = lost.sent_at,
       error = case when is_sent then null else $2 end
     from (
       select id, sends.sent_at, coalesce(sends.status = 'sent', false) as is_sent from messages
       left join whatsapp_sends sends on sends.session_id = messages.session_id and sends.key = id::text
       where messages.status = 'queued' and direction = 'outbound' and external_id is not null
         and messages.created_at < now() - $1 * interval '1 second'
       for update of messages skip locked) lost
     where messages.id = lost.id
     returning messages.id`,
    [afterSeconds, error],
  );
  return rows.length;
}
