import type { Queryable } from '../database.ts';

export interface SendRow {
  session_id: string;
  key: string;
  chat_id: string;
  body_hash: string;
  /** WhatsApp's message id, derived from session and key, so that a repeat is the same message. */
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

/** Returns the send with the same key, or inserts this one. It excludes nobody: two callers may get the same send. */
export async function findOrInsertSend(q: Queryable, send: SendInput): Promise<SendRow> {
  const [inserted] = await q.query<SendRow>(
    `insert into whatsapp_sends (session_id, key, chat_id, body_hash, message_id, text)
     values ($1, $2, $3, $4, $5, $6) on conflict (session_id, key) do nothing returning ${COLUMNS}`,
    [send.sessionId, send.key, send.chatId, send.bodyHash, send.messageId, send.text],
  );
  if (inserted) return inserted;
  const [existing] = await q.query<SendRow>(
    `select ${COLUMNS} from whatsapp_sends where session_id = $1 and key = $2`,
    [send.sessionId, send.key],
  );
  if (!existing) throw new Error('a send that conflicts with its repeat is not there');
  return existing;
}

/** Changes the recipient's address of a send, for its resends too. */
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
 * SQL condition on `messages`: the message of the send in the row `changed`, in the session `$1`. A message is sent under its id as
 * the key. In releases that did not store programs' messages, a program's key may look like an id.
 */
export const MESSAGE_OF_SEND = `messages.direction = 'outbound' and messages.session_id = $1
  and messages.id = case when changed.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then changed.key::uuid end`;

/**
 * Marks a send as sent, and with it a program's message. The worker closes the messages that it sends itself.
 *
 * @returns true only for the caller that marked it, which counts it
 */
export async function markSendSent(q: Queryable, sessionId: string, messageId: string): Promise<boolean> {
  const [row] = await q.query<{ changed: number }>(
    `with changed as (
       update whatsapp_sends set status = 'sent', sent_at = now(), error = null
       where session_id = $1 and message_id = $2 and status <> 'sent' returning key),
     marked as (
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

/** False if it was sent before. */
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

/** Deletes the row of a worker's send whose message was erased meanwhile. */
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

/** Deletes a batch of sends that are too old to be repeated. Returns the count. */
export async function deleteOldSends(q: Queryable, olderThan: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from whatsapp_sends where (session_id, key) in (
       select session_id, key from whatsapp_sends where created_at < $1 limit $2)
     returning key`,
    [olderThan, limit],
  );
  return rows.length;
}
