import type { ConversationRow } from './conversation-repository.ts';
import type { Queryable } from '../database.ts';

export interface StateChange {
  state: ConversationRow['state'];
  reason: string | null;
  personId: string | null;
  /** The state differs from the previous one. */
  isNew: boolean;
  /** People are notified again, even if they were before. */
  isAnnouncedAnew: boolean;
  /** A person has seen the conversation. */
  isRead: boolean;
  /** Restarts the idle time limit of the person in charge. */
  extends: boolean;
}

export async function setConversationState(tx: Queryable, id: string, change: StateChange): Promise<void> {
  await tx.query(
    `update conversations set
       state = $2, state_reason = $3, person_id = $4,
       state_since = case when $5 then now() else state_since end,
       not_understood = case when $5 then 0 else not_understood end,
       announced_at = case when $6 or $2 <> 'waiting' then null else announced_at end,
       announcements = case when $6 or $2 <> 'waiting' then 0 else announcements end,
       read_at = case when $7 then now() else read_at end,
       person_until = case
         when $2 <> 'person' then null
         when $8 then now() + interval '1 minute' *
           (select person_minutes from businesses where businesses.id = conversations.business_id)
         else person_until end
     where id = $1`,
    [
      id,
      change.state,
      change.reason,
      change.personId,
      change.isNew,
      change.isAnnouncedAnew,
      change.isRead,
      change.extends,
    ],
  );
}

/** `person`: over the REST API. `phone`: the owner, from the account's own phone. `system`: a time limit or a failure. */
export type EventActor = 'customer' | 'agent' | 'person' | 'phone' | 'system';

export interface NewConversationEvent {
  conversationId: string;
  event: string;
  from: string;
  to: string;
  reason: string | null;
  actor: EventActor;
  personId?: string | undefined;
  messageId?: string | undefined;
}

export async function addConversationEvent(tx: Queryable, event: NewConversationEvent): Promise<void> {
  await tx.query(
    `insert into conversation_events
       (business_id, conversation_id, event, from_state, to_state, reason, actor, person_id, message_id)
     select business_id, id, $2, $3, $4, $5, $6, $7, $8 from conversations where id = $1`,
    [
      event.conversationId,
      event.event,
      event.from,
      event.to,
      event.reason,
      event.actor,
      event.personId,
      event.messageId,
    ],
  );
}

export interface ConversationEventRow {
  id: string;
  at: Date;
  event: string;
  from_state: string;
  to_state: string;
  reason: string | null;
  actor: EventActor;
  person_id: string | null;
  person_name: string | null;
  message_id: string | null;
}

/** Newest first; `before` is the id of the last row of the previous page. */
export async function listConversationEvents(
  q: Queryable,
  { conversationId, before, limit }: { conversationId: string; before?: string | undefined; limit: number },
): Promise<ConversationEventRow[]> {
  return q.query(
    `select events.id::text as id, at, event, from_state, to_state, reason, actor, person_id, people.name as person_name,
       message_id
     from conversation_events events left join people on people.id = person_id
     where conversation_id = $1 and ($2::bigint is null or events.id < $2::bigint)
     order by events.id desc limit $3`,
    [conversationId, before ?? null, limit],
  );
}

/** Records that a person has read the conversation. */
export async function markConversationRead(q: Queryable, id: string): Promise<void> {
  await q.query('update conversations set read_at = now() where id = $1', [id]);
}

/** Whether a message of the customer has no answer: it is new, waits for a person, or the agent failed to answer it. */
export async function hasUnansweredMessage(q: Queryable, conversationId: string): Promise<boolean> {
  const rows = await q.query(
    `select 1 from messages where conversation_id = $1 and direction = 'inbound'
       and status in ('received', 'waiting_for_person', 'failed') limit 1`,
    [conversationId],
  );
  return rows.length > 0;
}

/** Whether a person wrote after this message was sent, for a message that arrived late. */
export async function hasPersonAnsweredSince(q: Queryable, messageId: string): Promise<boolean> {
  const rows = await q.query(
    `select 1 from messages late join messages said using (conversation_id)
     where late.id = $1 and said.direction = 'outbound' and said.author in ('person', 'phone')
       and coalesce(said.sent_at, said.created_at) > late.sent_at limit 1`,
    [messageId],
  );
  return rows.length > 0;
}

/**
 * Cancels the agent's answers that are not sent yet; the messages that they answered wait for a person instead. An answer that is
 * being sent at this moment may still arrive, and then becomes `sent`.
 *
 * @returns the ids of the cancelled answers
 */
export async function cancelAgentAnswers(tx: Queryable, conversationId: string): Promise<string[]> {
  const cancelled = await tx.query<{ id: string; in_reply_to: string | null }>(
    `update messages set status = 'ignored', reason = 'taken_over'
     where conversation_id = $1 and direction = 'outbound' and status = 'queued'
       and (author = 'agent' or (author is null and in_reply_to is not null))
     returning id, in_reply_to`,
    [conversationId],
  );
  const answeredIds = cancelled.map(({ in_reply_to: id }) => id).filter((id) => id !== null);
  if (answeredIds.length > 0) {
    await tx.query(
      `update messages set status = 'waiting_for_person' where id = any($1::uuid[]) and status = 'answered'`,
      [answeredIds],
    );
  }
  return cancelled.map(({ id }) => id);
}

/** Cancels an answer or a program's message because its contact has opted out since. The message that it answers stays unanswered. */
export async function cancelOptedOutMessage(tx: Queryable, id: string): Promise<void> {
  await tx.query(
    `with dropped as (
       update messages set status = 'ignored', reason = 'opted_out' where id = $1 and status = 'queued' returning in_reply_to)
     update messages set status = 'ignored', reason = 'opted_out'
     where id in (select in_reply_to from dropped) and status = 'answered'`,
    [id],
  );
}

/**
 * A person has written: marks the messages that waited for a person, that the agent has not processed yet, and that it failed to answer,
 * as answered. Failed ones can no longer be replayed.
 */
export async function markWaitingMessagesAnswered(tx: Queryable, conversationId: string): Promise<void> {
  await tx.query(
    `update messages set status = 'answered', error = null where conversation_id = $1 and direction = 'inbound'
       and status in ('received', 'waiting_for_person', 'failed')`,
    [conversationId],
  );
}

export async function countWaitingMessages(q: Queryable, conversationId: string): Promise<number> {
  const [row] = await q.query<{ count: number }>(
    `select count(*)::int as count from messages where conversation_id = $1 and direction = 'inbound'
       and status = 'waiting_for_person'`,
    [conversationId],
  );
  return row?.count ?? 0;
}

/** Marks waiting messages, and those that the agent failed to answer, as ignored. */
export async function markWaitingMessagesIgnored(
  tx: Queryable,
  conversationId: string,
  reason: string,
): Promise<void> {
  await tx.query(
    `update messages set status = 'ignored', reason = $2 where conversation_id = $1 and direction = 'inbound'
       and status in ('waiting_for_person', 'failed')`,
    [conversationId, reason],
  );
}

export async function setNotUnderstoodCount(tx: Queryable, id: string, count: number): Promise<void> {
  await tx.query('update conversations set not_understood = $2 where id = $1 and not_understood <> $2', [
    id,
    count,
  ]);
}
