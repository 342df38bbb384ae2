import type { Queryable } from '../database.ts';
import { MESSAGE_OF_SEND } from './send-repository.ts';

/** A sent message that a device of the recipient could not decrypt and asked for again, and that is due to be resent. */
export interface DueResend {
  key: string;
  chat_id: string;
  message_id: string;
  text: string;
  /** How often the recipient's devices asked for it. */
  requests: number;
  /** How often it was sent again. */
  resends: number;
  requested_at: Date;
}

/**
 * Records that a device of the recipient has the messages, so that they are not resent. A message that was `undelivered` becomes
 * `sent`, and so does a program's message whose ack was lost.
 */
export async function recordDelivery(
  q: Queryable,
  sessionId: string,
  messageIds: readonly string[],
): Promise<void> {
  await q.query(
    `with changed as (
       update whatsapp_sends set delivered_at = coalesce(delivered_at, now()), undelivered_at = null, error = null,
         requested_at = null, resend_at = null
       where session_id = $1 and message_id = any($2)
         and (delivered_at is null or undelivered_at is not null or resend_at is not null)
       returning key, message_id)
     update messages set delivered_at = coalesce(delivered_at, now()),
       status = case when status = 'undelivered' or external_id = message_id then 'sent' else status end,
       error = case when status = 'undelivered' or external_id = message_id then null else error end,
       reason = case when external_id = message_id then null else reason end,
       sent_at = case when external_id = message_id then coalesce(sent_at, now()) else sent_at end
     from changed where ${MESSAGE_OF_SEND}`,
    [sessionId, messageIds],
  );
}

/** Records that the recipient has read the messages. */
export async function recordRead(
  q: Queryable,
  sessionId: string,
  messageIds: readonly string[],
): Promise<void> {
  await q.query(
    `with changed as (select key from whatsapp_sends where session_id = $1 and message_id = any($2))
     update messages set read_at = now() from changed where ${MESSAGE_OF_SEND} and read_at is null`,
    [sessionId, messageIds],
  );
}

/**
 * Records that a device of the recipient could not decrypt the message and asked for it again (a retry receipt). Returns the number
 * of requests so far; undefined if the message is unknown, was delivered to another device of the recipient, or is given up.
 */
export async function recordRetryRequest(
  q: Queryable,
  { sessionId, messageId, resendInMs }: { sessionId: string; messageId: string; resendInMs: number },
): Promise<number | undefined> {
  const [row] = await q.query<{ requests: number }>(
    `update whatsapp_sends set requests = requests + 1, requested_at = coalesce(requested_at, now()),
       resend_at = coalesce(resend_at, now() + $3 * interval '1 millisecond')
     where session_id = $1 and message_id = $2 and delivered_at is null and undelivered_at is null
     returning requests`,
    [sessionId, messageId, resendInMs],
  );
  return row?.requests;
}

/**
 * Makes resends of messages that were resent fewer than `resends` times due now: the client's own resend may be lost with its
 * connection.
 */
export async function makeResendsDue(q: Queryable, sessionId: string, resends: number): Promise<void> {
  await q.query(
    `update whatsapp_sends set resend_at = now()
     where session_id = $1 and resend_at > now() and resends < $2`,
    [sessionId, resends],
  );
}

/** The longest due first. */
export async function listDueResends(q: Queryable, sessionId: string, limit: number): Promise<DueResend[]> {
  return q.query<DueResend>(
    `select key, chat_id, message_id, text, requests, resends, requested_at from whatsapp_sends
     where session_id = $1 and resend_at <= now() order by resend_at limit $2`,
    [sessionId, limit],
  );
}

/** Whether the session has resends that are due now or later. */
export async function hasPendingResends(q: Queryable, sessionId: string): Promise<boolean> {
  const rows = await q.query(
    'select 1 from whatsapp_sends where session_id = $1 and resend_at is not null limit 1',
    [sessionId],
  );
  return rows.length > 0;
}

/** Counts a resend before it is sent, and schedules the next one. False if the message was delivered meanwhile or is gone. */
export async function claimResend(
  q: Queryable,
  { sessionId, messageId, nextInMs }: { sessionId: string; messageId: string; nextInMs: number },
): Promise<boolean> {
  const rows = await q.query(
    `update whatsapp_sends set resends = resends + 1, resend_at = now() + $3 * interval '1 millisecond'
     where session_id = $1 and message_id = $2 and resend_at <= now() returning key`,
    [sessionId, messageId, nextInMs],
  );
  return rows.length > 0;
}

/** Gives up a message that was never delivered. True only for the caller that gave it up, which counts it. */
export async function markUndelivered(
  q: Queryable,
  { sessionId, messageId, reason }: { sessionId: string; messageId: string; reason: string },
): Promise<boolean> {
  const [row] = await q.query<{ changed: number }>(giveUpWhere('message_id = $3'), [
    sessionId,
    reason,
    messageId,
  ]);
  return (row?.changed ?? 0) > 0;
}

/** Gives up all pending resends of a session whose account is gone. */
export async function giveUpResends(q: Queryable, sessionId: string, reason: string): Promise<void> {
  await q.query(giveUpWhere('true'), [sessionId, reason]);
}

const giveUpWhere = (condition: string): string =>
  `with changed as (
     update whatsapp_sends set undelivered_at = now(), error = $2, resend_at = null
     where session_id = $1 and resend_at is not null and ${condition}
     returning key),
   marked as (
     update messages set status = 'undelivered', error = $2
     from changed where ${MESSAGE_OF_SEND} and messages.status not in ('failed', 'undelivered'))
   select count(*)::int as changed from changed`;
