import { type ConversationState, STAFF_OF_CONTACT } from './conversation-repository.ts';
import type { Queryable } from '../database.ts';
import { MESSAGE_AUTHOR, type MessageSummary } from './message-listing.ts';

export interface ConversationSummary {
  id: string;
  business_id: string;
  channel: 'whatsapp' | 'phone';
  session_id: string | null;
  contact: string;
  contact_name: string | null;
  state: ConversationState;
  state_since: Date;
  state_reason: string | null;
  /** The person in charge, if known. */
  person_id: string | null;
  person_name: string | null;
  person_until: Date | null;
  /** A message of the contact arrived after a person last read the conversation. */
  unread: boolean;
  opted_out_at: Date | null;
  last_message_at: Date | null;
  /** The newest message, with the start of its text. For a waiting conversation: the contact's newest message. */
  last_message: Pick<MessageSummary, 'author' | 'status' | 'text'> | null;
  last_inbound_at: Date | null;
  created_at: Date;
  /** The sort key as Unix time in microseconds, which a Date cannot hold; for the next page's cursor. */
  position: string | null;
}

const UNREAD = `coalesce(last_inbound_at > coalesce(read_at, '-infinity'), false)`;
/** Characters of the last message that a list shows. */
const PREVIEW_LENGTH = 160;
const COLUMNS = `id, business_id, channel, session_id, contact, contact_name, state, state_since, state_reason, person_id,
  (select name from people where people.id = person_id) as person_name, person_until, ${UNREAD} as unread, opted_out_at,
  last_message_at, last_inbound_at, created_at,
  (select json_build_object('author', ${MESSAGE_AUTHOR}, 'status', status, 'text', left(text, ${PREVIEW_LENGTH})) from messages
    where conversation_id = conversations.id and (conversations.state <> 'waiting' or direction = 'inbound') order by messages.seq desc limit 1) as last_message`;
const positionOf = (column: OrderColumn): string =>
  `(extract(epoch from ${column}) * 1000000)::bigint::text as position`;

type OrderColumn = 'last_message_at' | 'state_since';

/** SQL condition on `conversations`: the contact is one of the business' own people. */
export const CONTACT_IS_STAFF: string = `(${STAFF_OF_CONTACT} is not null)`;

/** An unset filter matches every conversation, except `staff`. */
interface ConversationFilter {
  businessId?: string | undefined;
  states?: readonly ConversationState[] | undefined;
  unread?: boolean | undefined;
  channel?: ConversationSummary['channel'] | undefined;
  sessionId?: string | undefined;
  personId?: string | undefined;
  /** The contact has one of these addresses, such as `491701234567@s.whatsapp.net`. */
  contacts?: readonly string[] | undefined;
  /** Time of the last message: `after` is inclusive, `before` exclusive. */
  after?: Date | undefined;
  before?: Date | undefined;
  /** Includes conversations with the business' own people. Default false. */
  staff?: boolean | undefined;
  /** Text in the contact's name or number, or in a message. Reads the messages of all conversations that match the other filters. */
  text?: string | undefined;
}

interface ListOptions {
  filter?: ConversationFilter;
  /** Position of the last conversation on the previous page. */
  position?: { position: string | null; id: string } | undefined;
  limit: number;
}

/** Lists the conversation with the newest message first. Conversations without a message come before all others. */
export async function listConversations(db: Queryable, options: ListOptions): Promise<ConversationSummary[]> {
  return listOrdered(db, 'last_message_at', options);
}

/** Groups by need: the conversations of one group come before those of the next. */
const groups: readonly { states: readonly ConversationState[]; column: OrderColumn }[] = [
  { states: ['waiting'], column: 'state_since' },
  { states: ['person'], column: 'state_since' },
  { states: ['agent', 'closed'], column: 'last_message_at' },
];

/** Lists waiting conversations first, the longest waiting at the top; then those with a person; then all others by their newest message. */
export async function listConversationsByNeed(
  db: Queryable,
  {
    filter = {},
    position,
    limit,
  }: Omit<ListOptions, 'position'> & {
    position?: { group: number; position: string | null; id: string } | undefined;
  },
): Promise<(ConversationSummary & { group: number })[]> {
  const found: (ConversationSummary & { group: number })[] = [];
  for (const [group, { states, column }] of groups.entries()) {
    const wanted = states.filter((state) => filter.states?.includes(state) ?? true);
    if (group < (position?.group ?? 0) || wanted.length === 0 || found.length >= limit) continue;
    const after = group === position?.group ? position : undefined;
    // oxlint-disable-next-line no-await-in-loop -- the first groups usually fill the page
    const rows = await listOrdered(db, column, {
      filter: { ...filter, states: wanted },
      position: after,
      limit: limit - found.length,
    });
    found.push(...rows.map((row) => ({ ...row, group })));
  }
  return found;
}

/** Descending by `last_message_at`, ascending by `state_since`. */
async function listOrdered(
  db: Queryable,
  column: OrderColumn,
  { filter = {}, position, limit }: ListOptions,
): Promise<ConversationSummary[]> {
  const parameters: unknown[] = [limit];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;
  const where = (value: unknown, condition: (at: string) => string): void => {
    if (value !== undefined) conditions.push(condition(parameter(value)));
  };

  where(filter.businessId, (at) => `business_id = ${at}`);
  // A single state is compared with `=`, so that an index that begins with the state also provides the order.
  if (filter.states?.length === 1) where(filter.states[0], (at) => `state = ${at}`);
  else where(filter.states, (at) => `state = any(${at}::text[])`);
  where(filter.unread, (at) => `${UNREAD} = ${at}::boolean`);
  where(filter.channel, (at) => `channel = ${at}`);
  where(filter.sessionId, (at) => `session_id = ${at}`);
  where(filter.personId, (at) => `person_id = ${at}::uuid`);
  where(filter.contacts, (at) => `(contact = any(${at}::text[]) or alternate_contact = any(${at}::text[]))`);
  where(filter.after, (at) => `last_message_at >= ${at}`);
  where(filter.before, (at) => `last_message_at < ${at}`);
  where(
    filter.text && `%${filter.text.replaceAll(/[\\%_]/g, '\\$&')}%`,
    (at) => `(contact_name ilike ${at} or contact ilike ${at} or exists (select from messages
      where conversation_id = conversations.id and messages.text ilike ${at}))`,
  );
  if (filter.staff !== true) conditions.push(`not ${CONTACT_IS_STAFF}`);
  const isDescending = column === 'last_message_at';
  if (position !== undefined) {
    const id = parameter(position.id);
    if (position.position === null) {
      conditions.push(`((${column} is null and id > ${id}::uuid) or ${column} is not null)`);
    } else {
      const at = `(timestamptz 'epoch' + ${parameter(position.position)}::bigint * interval '1 microsecond')`;
      const [from, past] = isDescending ? ['<=', '<'] : ['>=', '>'];
      conditions.push(`${column} ${from} ${at} and (${column} ${past} ${at} or id > ${id}::uuid)`);
    }
  }
  return db.query<ConversationSummary>(
    `select ${COLUMNS}, ${positionOf(column)} from conversations
     ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
     order by ${column} ${isDescending ? 'desc' : ''}, id
     limit $1`,
    parameters,
  );
}

export interface ConversationCounts {
  waiting: number;
  /** Since when the longest waiting one has waited; null if none waits. */
  waiting_since: Date | null;
  person: number;
  /** Those of the person `personId`. */
  mine: number;
}

/** Counts the conversations that wait for a person or are with one, without those of the business' own people. Reads no others. */
export async function countConversations(
  db: Queryable,
  { businessId, personId }: { businessId: string | undefined; personId: string | undefined },
): Promise<ConversationCounts> {
  const [row] = await db.query<ConversationCounts>(
    `select (count(*) filter (where state = 'waiting'))::int as waiting,
       min(state_since) filter (where state = 'waiting') as waiting_since,
       (count(*) filter (where state = 'person'))::int as person,
       (count(*) filter (where state = 'person' and person_id = $2::uuid))::int as mine
     from conversations where state in ('waiting', 'person') and ($1::text is null or business_id = $1)
       and not ${CONTACT_IS_STAFF}`,
    [businessId ?? null, personId ?? null],
  );
  return row!;
}

/** Undefined if it does not exist or belongs to another business. */
export async function findConversation(
  db: Queryable,
  id: string,
  businessId: string | undefined,
): Promise<ConversationSummary | undefined> {
  const rows = await db.query<ConversationSummary>(
    `select ${COLUMNS}, ${positionOf('last_message_at')} from conversations where id = $1 and ($2::text is null or business_id = $2)`,
    [id, businessId ?? null],
  );
  return rows[0];
}
