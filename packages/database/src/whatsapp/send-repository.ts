import type { Queryable } from '../database.ts';

export interface SendRow {
  session_id: string;
  key: string;
  chat_id: string;
  body_hash: string;
  /** WhatsApp's id, derived from session and key: a repeat is the same message. */
  message_id: string;
  /** pending: may or may not have reached WhatsApp. failed: WhatsApp refused it. */
  status: 'pending' | 'sent' | 'failed';
  error: string | null;
  sent_at: Date | null;
}

const COLUMNS = 'session_id, key, chat_id, body_hash, message_id, status, error, sent_at';

export interface SendInput {
  sessionId: string;
  key: string;
  chatId: string;
  bodyHash: string;
  messageId: string;
  /** Kept for recipients who ask for the message again. */
  text: string;
}

/** The send under this key: this one, or the one that was first. */
export async function claimSend(q: Queryable, send: SendInput): Promise<SendRow> {
  const [inserted] = await q.query<SendRow>(
    `insert into whatsapp_sends (session_id, key, chat_id, body_hash, message_id, text)
     values ($1, $2, $3, $4, $5, $6) on conflict (session_id, key) do nothing returning ${COLUMNS}`,
    [send.sessionId, send.key, send.chatId, send.bodyHash, send.messageId, send.text],
  );
  if (inserted) return inserted;
  const [known] = await q.query<SendRow>(
    `select ${COLUMNS} from whatsapp_sends where session_id = $1 and key = $2`,
    [send.sessionId, send.key],
  );
  if (!known) throw new Error('a send that conflicts with its repeat is not there');
  return known;
}

/** The send goes to another address of the recipient's now: a resend goes there, too. */
export async function moveSend(
  q: Queryable,
  { sessionId, key, chatId }: Pick<SendInput, 'sessionId' | 'key' | 'chatId'>,
): Promise<void> {
  await q.query('update whatsapp_sends set chat_id = $3 where session_id = $1 and key = $2', [
    sessionId,
    key,
    chatId,
  ]);
}

/**
 * The message that a send is of: it is sent under its id as the key. A condition on `messages`, with a send's row as `changed`, and its
 * session as `$1`. Before programs' messages were in conversations, a key of a program's may have looked like an id.
 */
export const MESSAGE_OF_SEND = `messages.direction = 'outbound' and messages.session_id = $1
  and messages.id = case when changed.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then changed.key::uuid end`;

/**
 * With the message of a program's; the worker closes the messages that it sends itself.
 *
 * @returns true for the one caller who marked it: the one who counts it
 */
export async function markSendSent(q: Queryable, sessionId: string, messageId: string): Promise<boolean> {
  const [row] = await q.query<{ changed: number }>(
    `with changed as (
       update whatsapp_sends set status = 'sent', sent_at = now(), error = null
       where session_id = $1 and message_id = $2 and status <> 'sent' returning key),
     told as (
       update messages set status = 'sent', sent_at = now(), error = null, reason = null
       from changed where ${MESSAGE_OF_SEND} and external_id = $2 and messages.status in ('queued', 'failed', 'ignored')),
     -- Once a second at most: all sends of a session meet at its row.
     touched as (
       update whatsapp_sessions set last_outbound_at = now()
       where id = $1 and exists (select from changed) and coalesce(last_outbound_at < now() - interval '1 second', true))
     select count(*)::int as changed from changed`,
    [sessionId, messageId],
  );
  return (row?.changed ?? 0) > 0;
}

/** False where it was sent before. */
export async function markSendFailed(
  q: Queryable,
  sessionId: string,
  messageId: string,
  error: string,
): Promise<boolean> {
  const rows = await q.query(
    `update whatsapp_sends set status = 'failed', error = $3
     where session_id = $1 and message_id = $2 and status <> 'sent' returning key`,
    [sessionId, messageId, error],
  );
  return rows.length > 0;
}

export async function findSentText(
  q: Queryable,
  sessionId: string,
  messageId: string,
): Promise<string | undefined> {
  const [row] = await q.query<{ text: string }>(
    'select text from whatsapp_sends where session_id = $1 and message_id = $2',
    [sessionId, messageId],
  );
  return row?.text || undefined;
}

/** What a send of the worker's leaves whose message was erased meanwhile. */
export async function deleteSendWithoutMessage(
  q: Queryable,
  { sessionId, messageId }: { sessionId: string; messageId: string },
): Promise<void> {
  await q.query(
    `delete from whatsapp_sends where session_id = $1 and key = $2
       and not exists (select from messages where id = $2::uuid)`,
    [sessionId, messageId],
  );
}

/** A batch of what is too old to be repeated; answers how many went. */
export async function deleteOldSends(q: Queryable, olderThan: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from whatsapp_sends where (session_id, key) in (
       select session_id, key from whatsapp_sends where created_at < $1 limit $2)
     returning key`,
    [olderThan, limit],
  );
  return rows.length;
}
