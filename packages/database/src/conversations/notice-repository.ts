import type { ConversationRow } from './conversation-repository.ts';
import { CONTACT_IS_STAFF } from './conversation-listing.ts';
import type { Queryable } from '../database.ts';
import type { PersonRow } from '../people/people-repository.ts';

/** waiting and reminder: about a waiting conversation. confirmation and explanation: replies to a person's answer to a notice. */
export type NoticeKind = 'waiting' | 'reminder' | 'confirmation' | 'explanation';

/** A customer's conversation that waits for a person. */
export interface WaitingConversation extends Pick<
  ConversationRow,
  'id' | 'business_id' | 'session_id' | 'contact' | 'alternate_contact' | 'contact_name'
> {
  reason: string;
  since: Date;
  /** How often people were notified about it. */
  announcements: number;
}

const WAITING = `conversations.id, business_id, session_id, contact, alternate_contact, contact_name,
  coalesce(state_reason, 'asked') as reason, state_since as since, announcements`;

/** Minimum time between two notices about one conversation. */
const PAUSE = `interval '10 minutes'`;
/** SQL condition on `conversations`: people were notified within `PAUSE`. Only an emergency's own notice delays an emergency. */
const NOTIFIED_RECENTLY = `exists (select from notices where conversation_id = conversations.id and kind in ('waiting', 'reminder')
  and notices.created_at > now() - ${PAUSE}
  and (notices.reason = 'emergency' or conversations.state_reason is distinct from 'emergency'))`;

export interface DueAnnouncements {
  /** Quiet hours: people are notified of emergencies only. */
  isQuiet: boolean;
  /** Conversations whose first notice is older than this are announced again; null: none. */
  remindBefore: Date | null;
  /** The same for emergencies. */
  remindEmergenciesBefore: Date;
  limit: number;
}

/** Customers' conversations that are due for a notice, the longest waiting first. */
export async function listDueAnnouncements(
  q: Queryable,
  { isQuiet, remindBefore, remindEmergenciesBefore, limit }: DueAnnouncements,
): Promise<Pick<WaitingConversation, 'id' | 'announcements'>[]> {
  return q.query(
    `select id, announcements from conversations
     where state = 'waiting' and announcements < 2 and (state_reason = 'emergency' or not $1)
       and case announcements
         when 0 then not ${NOTIFIED_RECENTLY}
         else announced_at <= now() - ${PAUSE}
           and (announced_at <= $2 or (state_reason = 'emergency' and announced_at <= $3)) end
       and not ${CONTACT_IS_STAFF}
     order by state_since limit $4`,
    [isQuiet, remindBefore, remindEmergenciesBefore, limit],
  );
}

/** Locks a conversation that is due for a notice; undefined if it was announced meanwhile, or no longer waits. */
export async function lockWaitingConversation(
  tx: Queryable,
  { id, announcements }: Pick<WaitingConversation, 'id' | 'announcements'>,
): Promise<WaitingConversation | undefined> {
  const [row] = await tx.query<WaitingConversation>(
    `select ${WAITING} from conversations where id = $1 and state = 'waiting' and announcements = $2 for update`,
    [id, announcements],
  );
  return row;
}

export async function markAnnounced(tx: Queryable, id: string): Promise<void> {
  await tx.query(
    'update conversations set announced_at = now(), announcements = announcements + 1 where id = $1',
    [id],
  );
}

/** A person of a business who can be notified. */
export interface ReachablePerson {
  id: string;
  /** Digits. */
  phone_number: string | null;
  email: string | null;
}

export async function listReachablePeople(q: Queryable, businessId: string): Promise<ReachablePerson[]> {
  return q.query(
    `select id, email, phone_number from people
     where business_id = $1 and revoked_at is null and (phone_number is not null or email is not null)
     order by id`,
    [businessId],
  );
}

/** Texts of the customer's last messages, oldest first. */
export async function listLastInbound(
  q: Queryable,
  { conversationId, limit, textLimit }: { conversationId: string; limit: number; textLimit: number },
): Promise<string[]> {
  const rows = await q.query<{ text: string }>(
    `select left(text, $3::int) as text from messages where conversation_id = $1 and direction = 'inbound'
     order by messages.seq desc limit $2`,
    [conversationId, limit, textLimit],
  );
  return rows.map(({ text }) => text).toReversed();
}

export interface NewNotice {
  conversationId: string;
  personId: string;
  channel: string;
  kind: NoticeKind;
  reason?: string | undefined;
  /** For the channel `whatsapp`: the message to the person. */
  messageId?: string | undefined;
}

export async function addNotice(tx: Queryable, notice: NewNotice): Promise<string> {
  const [row] = await tx.query<{ id: string }>(
    `insert into notices (business_id, conversation_id, person_id, channel, kind, reason, message_id)
     select business_id, id, $2, $3, $4, $5, $6 from conversations where id = $1 returning id`,
    [notice.conversationId, notice.personId, notice.channel, notice.kind, notice.reason, notice.messageId],
  );
  if (row === undefined) throw new Error('a notice is about a conversation that is not there');
  return row.id;
}

/** A notice to send by e-mail, with the conversation that it is about. */
export interface EmailNotice extends WaitingConversation {
  kind: NoticeKind;
  email: string;
}

/** Undefined if it was sent, the conversation no longer waits, or the person is gone. */
export async function findUnsentNotice(q: Queryable, id: string): Promise<EmailNotice | undefined> {
  const [row] = await q.query<EmailNotice>(
    `select conversations.id, conversations.business_id, session_id, contact, alternate_contact, contact_name,
       coalesce(notices.reason, 'asked') as reason, state_since as since, announcements, kind, email
     from notices join conversations on conversations.id = conversation_id join people on people.id = notices.person_id
     where notices.id = $1 and notices.sent_at is null and state = 'waiting' and revoked_at is null and email is not null`,
    [id],
  );
  return row;
}

export async function markNoticeSent(tx: Queryable, id: string): Promise<void> {
  await tx.query('update notices set sent_at = now() where id = $1', [id]);
}

/** Whether a message is a notice about a conversation that no longer waits. */
export async function isOutdatedNotice(q: Queryable, messageId: string): Promise<boolean> {
  const rows = await q.query(
    `select 1 from notices join conversations on conversations.id = conversation_id
     where message_id = $1 and kind in ('waiting', 'reminder') and state <> 'waiting'`,
    [messageId],
  );
  return rows.length > 0;
}

/** The notice that a person's message answers, and its conversation. */
export interface AnsweredNotice {
  conversation_id: string;
  contact: string;
  contact_name: string | null;
  state: ConversationRow['state'];
  /** The person in charge of the conversation. */
  holder_id: string | null;
  holder_name: string | null;
  /** Role of the person who answers. */
  role: PersonRow['role'];
  /** Notices of this kind sent to that person within the last hour. */
  explanations: number;
  confirmations: number;
}

/**
 * Finds the notice that a person's message answers:
 * - the quoted notice, of any age;
 * - else, for `1`, the newest notice whose chat waits; for `2`, the newest chat that this person has;
 * - else the newest notice of the last 24 hours.
 *
 * Undefined if it answers none: then the sender counts as a customer.
 */
export async function findAnsweredNotice(
  q: Queryable,
  {
    messageId,
    personId,
    prefersWaiting,
    isBare,
  }: {
    messageId: string;
    personId: string;
    /** The answer is `1`. */
    prefersWaiting: boolean;
    /** The answer is `1` or `2`. */
    isBare: boolean;
  },
): Promise<AnsweredNotice | undefined> {
  const [row] = await q.query<AnsweredNotice>(
    `with answer as (select created_at, quoted_id from messages where id = $1),
     got as (
       select notices.conversation_id, notices.created_at, coalesce(sent.external_id = answer.quoted_id, false) as is_quoted,
         notices.kind in ('waiting', 'reminder') as announces, notices.created_at >= answer.created_at - interval '24 hours' as is_recent
       from answer join notices on notices.person_id = $2 and notices.channel = 'whatsapp' and notices.created_at <= answer.created_at
       join messages sent on sent.id = message_id and sent.status not in ('failed', 'ignored')
       union all
       select id, state_since, false, false, false from conversations where person_id = $2 and state = 'person'),
     chats as (
       select got.*, state, contact, contact_name, conversations.person_id as holder_id,
         coalesce(state = 'person' and conversations.person_id = $2, false) as is_hers, state_since
       from got join conversations on conversations.id = conversation_id)
     select conversation_id, contact, contact_name, state, holder_id,
       (select name from people where id = holder_id) as holder_name,
       (select role from people where id = $2) as role,
       (select count(*)::int from notices where person_id = $2 and kind = 'explanation'
          and created_at > now() - interval '1 hour') as explanations,
       (select count(*)::int from notices where person_id = $2 and kind = 'confirmation'
          and created_at > now() - interval '1 hour') as confirmations
     from chats
     where is_quoted or (announces and is_recent) or ($4 and announces and state = 'waiting')
       or (is_hers and ($4 or exists (select from got where announces and is_recent)))
     order by is_quoted desc, case when $3 then state = 'waiting' else is_hers end desc,
       case when is_hers and not $3 then state_since end desc nulls last, created_at desc limit 1`,
    [messageId, personId, prefersWaiting, isBare],
  );
  return row;
}

/** How many other customers of a business wait. */
export async function countOthersWaiting(q: Queryable, conversationId: string): Promise<number> {
  const [row] = await q.query<{ count: number }>(
    `select count(*)::int as count from conversations
     where state = 'waiting' and id <> $1 and business_id = (select business_id from conversations where id = $1) and not ${CONTACT_IS_STAFF}`,
    [conversationId],
  );
  return row?.count ?? 0;
}

/** Customers' conversations that wait for a person. Ages in seconds; 0 if there is none. */
export interface WaitingStats {
  conversations: number;
  oldest_age_seconds: number;
  /** Announced twice, and nobody took over. */
  unattended: number;
  unattended_age_seconds: number;
  /** Nobody could be notified of them. */
  not_notifiable: number;
}

export async function readWaitingStats(q: Queryable): Promise<WaitingStats> {
  const [row] = await q.query<WaitingStats>(
    `select count(*)::int as conversations,
       coalesce(extract(epoch from now() - min(state_since)), 0)::float8 as oldest_age_seconds,
       (count(*) filter (where announcements >= 2))::int as unattended,
       coalesce(extract(epoch from now() - min(state_since) filter (where announcements >= 2)), 0)::float8 as unattended_age_seconds,
       (count(*) filter (where exists (select from conversation_events
           where conversation_id = conversations.id and event = 'nobody_to_tell' and at >= state_since)
         and not exists (select from notices
           where conversation_id = conversations.id and notices.created_at >= state_since)))::int as not_notifiable
     from conversations where state = 'waiting' and not ${CONTACT_IS_STAFF}`,
  );
  return row!;
}

/** Conversations that a person took over and whose time is up, the oldest first. */
export async function listExpiredTakeovers(q: Queryable, limit: number): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    `select id from conversations where state = 'person' and person_until <= now() order by person_until limit $1`,
    [limit],
  );
  return rows.map(({ id }) => id);
}

/** Locks a conversation if the time of the person who took it over is up; false otherwise. */
export async function lockExpiredTakeover(tx: Queryable, id: string): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from conversations where id = $1 and state = 'person' and person_until <= now() for update`,
    [id],
  );
  return rows.length > 0;
}

/** Deletes a batch. Returns the count. */
export async function deleteOldNotices(q: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from notices where id in (select id from notices where created_at < $1 order by created_at limit $2) returning 1`,
    [before, limit],
  );
  return rows.length;
}
