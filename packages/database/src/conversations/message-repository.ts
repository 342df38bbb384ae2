import { openConversation, type ContactInput, type ConversationRow } from './conversation-repository.ts';
import type { Queryable } from '../database.ts';
import { placeholderCondition, placeholderParams } from './unstored-message-repository.ts';

/** The text of a message of any kind but `text` is the kind in brackets, with the caption. */
export type MessageKind =
  | 'text'
  | 'image'
  | 'video'
  | 'voice'
  | 'audio'
  | 'document'
  | 'sticker'
  | 'location'
  | 'contact'
  | 'order'
  | 'poll';

/**
 * inbound: received -> answered | waiting_for_person | ignored | failed; waiting_for_person | failed -> answered | ignored, and
 * answered -> waiting_for_person if the answer is not sent.
 * outbound: queued -> sent | ignored | failed, and sent -> undelivered -> sent. `ignored`: nobody answers it, or it is not sent. A
 * program's message may become `sent` from any status: a repeated request sends it, or WhatsApp confirms it late.
 */
export type MessageStatus =
  | 'received'
  | 'answered'
  | 'waiting_for_person'
  | 'ignored'
  | 'queued'
  | 'sent'
  | 'failed'
  | 'undelivered';

/** What the agent's answer came from. */
export interface AnswerMatch {
  /**
   * `faq` (an entry of the profile), a rule (`hours`, `greeting`, `small-talk`, `hand-off`, `opt-out`, `opt-in`, `unknown`), or
   * `model`.
   */
  source: string;
  /** For `faq`: the entry's first question. */
  question?: string;
  /** For `hand-off`: why a person should answer. */
  reason?: string;
}

/** `phone`: the owner, from the account's own phone. `notice`: a notice to one of the business' own people. */
export type MessageAuthor = 'customer' | 'agent' | 'person' | 'phone' | 'program' | 'notice';

export interface MessageRow {
  id: string;
  /** Position among all messages; within a conversation the order of arrival. A bigint, hence a string. */
  seq: string;
  business_id: string;
  conversation_id: string;
  session_id: string | null;
  direction: 'inbound' | 'outbound';
  status: MessageStatus;
  /** Null in rows of the first releases; see `MESSAGE_AUTHOR`. */
  author: MessageAuthor | null;
  /** `text`, `image`, `voice`, `document`, ... */
  kind: string;
  /** Why, if the status is `ignored`. */
  reason: string | null;
  text: string;
  external_id: string | null;
  in_reply_to: string | null;
  error: string | null;
  /** The WhatsApp address that it came from or goes to. Null: its conversation's contact. */
  address: string | null;
  /** Phone number of the account that received it or is to send it. Null: the session's current number. */
  account: string | null;
  created_at: Date;
  sent_at: Date | null;
}

/** `seq` as text: a bigint does not fit a number. */
const COLUMNS = `id, seq::text as seq, business_id, conversation_id, session_id, direction, status, author, kind, reason,
  text, external_id, in_reply_to, error, address, account, created_at, sent_at`;

export interface InboundInput extends ContactInput {
  /** WhatsApp's own id of the message, unique within its chat. */
  externalId: string;
  text: string;
  /** Default: `text`. */
  kind?: MessageKind | undefined;
  /** `person`: one of the business' own people, in the account's chat with itself. */
  author?: 'customer' | 'person';
  sentAt: Date;
  /** Address that the contact wrote from, a phone number or a LID. The answer goes there. */
  address?: string | undefined;
  /** Phone number of the account that received it. */
  account?: string | undefined;
  /** WhatsApp's id of the message that it quotes. */
  quotedId?: string | undefined;
}

/**
 * Stores a WhatsApp message exactly once. `fresh` is false for a repeat, which only deletes the message's placeholder. Add the job for
 * the message in the same transaction: `addJob`.
 */
export async function recordInbound(
  tx: Queryable,
  input: InboundInput,
): Promise<{
  message: MessageRow;
  conversationId: string;
  conversationState: ConversationRow['state'];
  fresh: boolean;
}> {
  const { author = 'customer' } = input;
  const conversation = await openConversation(tx, { ...input, isInbound: author === 'customer' });
  const found = { conversationId: conversation.id, conversationState: conversation.state };
  const [inserted] = await tx.query<MessageRow>(
    `with placeholder as (delete from unstored_messages where ${placeholderCondition(12)})
     insert into messages (business_id, conversation_id, session_id, direction, status, author, text, external_id,
       sent_at, address, account, kind, quoted_id)
     values ($1, $2, $3, 'inbound', 'received', $10, $4, $5, $6, $7, $8, $9, $11)
     on conflict (session_id, conversation_id, external_id) where direction = 'inbound' do nothing
     returning ${COLUMNS}`,
    [
      input.businessId,
      conversation.id,
      input.sessionId,
      input.text,
      input.externalId,
      input.sentAt,
      input.address ?? null,
      input.account ?? null,
      input.kind ?? 'text',
      author,
      input.quotedId ?? null,
      ...placeholderParams(input),
    ],
  );
  if (inserted) return { message: inserted, ...found, fresh: true };
  const [existing] = await tx.query<MessageRow>(
    `select ${COLUMNS} from messages
     where session_id = $1 and conversation_id = $2 and external_id = $3 and direction = 'inbound'`,
    [input.sessionId, conversation.id, input.externalId],
  );
  if (!existing) throw new Error('a message that conflicts with its repeat is not there');
  return { message: existing, ...found, fresh: false };
}

export async function findMessageById(q: Queryable, id: string): Promise<MessageRow | undefined> {
  const [row] = await q.query<MessageRow>(`select ${COLUMNS} from messages where id = $1`, [id]);
  return row;
}

/**
 * The turns before a message, oldest first; a reply follows the message that it answers. Texts are cut to `textLimit` characters: a
 * conversation may hold a hundred messages of WhatsApp's maximum length.
 */
export async function listHistory(
  q: Queryable,
  options: { conversationId: string; beforeSeq: string; limit: number; textLimit: number },
): Promise<Pick<MessageRow, 'direction' | 'text'>[]> {
  const rows = await q.query<Pick<MessageRow, 'direction' | 'text'>>(
    `with latest as (
       (select * from messages where conversation_id = $1 and direction = 'inbound' and seq < $2::bigint
          order by messages.seq desc limit $3)
       union all
       (select * from messages where conversation_id = $1 and direction = 'outbound' and author is distinct from 'notice'
          order by messages.seq desc limit $3)
     )
     select direction, left(text, $4::int) as text from (
       select latest.*, coalesce(asked.seq, latest.seq) as turn from latest
       left join messages asked on asked.id = latest.in_reply_to
       where latest.status not in ('failed', 'undelivered') and (latest.direction = 'inbound' or latest.status <> 'ignored')) said
     where turn < $2::bigint
     order by turn desc, said.seq desc limit $3`,
    [options.conversationId, options.beforeSeq, options.limit, options.textLimit],
  );
  return rows.toReversed();
}

export type MessageEnd =
  | { status: 'answered' | 'waiting_for_person' | 'sent'; externalId?: string }
  | { status: 'ignored'; reason: string }
  | { status: 'failed'; error: string };

/** Closes a message with the status of `end`. True only for the caller that closed it. */
export async function closeMessage(q: Queryable, id: string, end: MessageEnd): Promise<boolean> {
  return (await closeMessages(q, [{ id, end }]))[0]!;
}

/** Closes messages as `closeMessage` does. */
export async function closeMessages(
  q: Queryable,
  ends: readonly { id: string; end: MessageEnd }[],
): Promise<boolean[]> {
  // Not `status in ('received', 'queued')`: if the table was last analyzed while few messages were open, the planner would read the
  // whole index of open messages, and closing one message would cost as much as the backlog is long.
  const rows = await q.query<{ id: string }>(
    `with locked as materialized (select id from messages where id = any($1::uuid[]) order by id for update)
     update messages set status = ends.status, error = ends.error, reason = ends.reason,
       external_id = coalesce(ends.external_id, messages.external_id),
       sent_at = case when ends.status = 'sent' then now() else sent_at end
     from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) as ends (id, status, error, external_id, reason)
     join locked using (id)
     where messages.id = ends.id
       and messages.status not in ('answered', 'waiting_for_person', 'sent', 'failed', 'undelivered')
       -- A message that was dropped while it was being sent has been sent.
       and (messages.status <> 'ignored' or ends.status = 'sent')
     returning messages.id`,
    [
      ends.map(({ id }) => id),
      ends.map(({ end }) => end.status),
      ends.map(({ end }) => (end.status === 'failed' ? end.error : null)),
      ends.map(({ end }) => ('externalId' in end ? (end.externalId ?? null) : null)),
      ends.map(({ end }) => (end.status === 'ignored' ? end.reason : null)),
    ],
  );
  const closed = new Set(rows.map(({ id }) => id));
  // If a message is listed twice, only its first entry closed it.
  return ends.map(({ id }) => closed.delete(id));
}

/**
 * Inserts the reply to a message; undefined if it has one already. The reply goes to the address that the message came from, from
 * the account that received it.
 */
export async function insertReply(
  tx: Queryable,
  inbound: Pick<MessageRow, 'id' | 'business_id' | 'conversation_id' | 'session_id' | 'address' | 'account'>,
  text: string,
  { author = 'agent', match }: { author?: 'agent' | 'notice'; match?: AnswerMatch | undefined } = {},
): Promise<MessageRow | undefined> {
  const [row] = await tx.query<MessageRow>(
    `insert into messages (business_id, conversation_id, session_id, direction, status, author, text, in_reply_to, address, account, match)
     values ($1, $2, $3, 'outbound', 'queued', $8, $4, $5, $6, $7, $9)
     on conflict (in_reply_to) do nothing
     returning ${COLUMNS}`,
    [
      inbound.business_id,
      inbound.conversation_id,
      inbound.session_id,
      text,
      inbound.id,
      inbound.address,
      inbound.account,
      author,
      match && JSON.stringify(match),
    ],
  );
  return row;
}
