import type { Queryable } from '../database.ts';
import type { AnswerMatch, MessageAuthor, MessageStatus } from './message-repository.ts';

export interface MessageSummary {
  id: string;
  seq: string;
  business_id: string;
  conversation_id: string;
  session_id: string | null;
  direction: 'inbound' | 'outbound';
  author: MessageAuthor;
  /** The business' own person who wrote it, if known. */
  person_id: string | null;
  person_name: string | null;
  kind: string;
  status: MessageStatus;
  /** Why, if the status is `ignored`. */
  reason: string | null;
  text: string;
  in_reply_to: string | null;
  /** What the agent's answer came from; null for other messages. */
  match: AnswerMatch | null;
  error: string | null;
  created_at: Date;
  sent_at: Date | null;
  /** When it reached a device of the recipient. */
  delivered_at: Date | null;
  /** When the recipient read it; null without a read receipt. */
  read_at: Date | null;
}

/** SQL: the author of a message. The first releases stored none. */
export const MESSAGE_AUTHOR: string = `coalesce(author,
  case when direction = 'inbound' then 'customer' when in_reply_to is not null then 'agent' else 'person' end)`;
const COLUMNS = `id, seq::text as seq, business_id, conversation_id, session_id, direction,
  ${MESSAGE_AUTHOR} as author,
  person_id, (select name from people where people.id = person_id) as person_name, kind, status, reason, text, in_reply_to, match,
  error, created_at, sent_at, delivered_at, read_at`;

/** Newest first; `before` is the `seq` of the last message of the previous page. */
export async function listMessages(
  db: Queryable,
  options: {
    businessId?: string | undefined;
    conversationId?: string | undefined;
    before?: string | undefined;
    limit: number;
  },
): Promise<MessageSummary[]> {
  const parameters: unknown[] = [options.limit];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;

  if (options.businessId !== undefined) conditions.push(`business_id = ${parameter(options.businessId)}`);
  if (options.conversationId !== undefined) {
    conditions.push(`conversation_id = ${parameter(options.conversationId)}::uuid`);
  }
  if (options.before !== undefined) conditions.push(`seq < ${parameter(options.before)}::bigint`);
  return db.query<MessageSummary>(
    `select ${COLUMNS} from messages
     ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
     order by messages.seq desc
     limit $1`,
    parameters,
  );
}

export async function findMessage(
  db: Queryable,
  id: string,
  businessId: string | undefined,
): Promise<MessageSummary | undefined> {
  const rows = await db.query<MessageSummary>(
    `select ${COLUMNS} from messages where id = $1 and ($2::text is null or business_id = $2)`,
    [id, businessId ?? null],
  );
  return rows[0];
}
