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
  /** Who answers, where that is known. */
  person_id: string | null;
  person_name: string | null;
  person_until: Date | null;
  /** The contact wrote after a person last read it. */
  unread: boolean;
  opted_out_at: Date | null;
  last_message_at: Date | null;
  /** The newest, with the beginning of its text; of one that waits, the newest of the contact's. */
  last_message: Pick<MessageSummary, 'author' | 'status' | 'text'> | null;
  last_inbound_at: Date | null;
  created_at: Date;
  /** What the list is in the order of, in microseconds, which a Date cannot hold: for the next page's cursor. */
  position: string | null;
}

const UNREAD = `coalesce(last_inbound_at > coalesce(read_at, '-infinity'), false)`;
/** Characters of a last message that a list tells. */
const BEGINNING = 160;
const COLUMNS = `id, business_id, channel, session_id, contact, contact_name, state, state_since, state_reason, person_id,
  (select name from people where people.id = person_id) as person_name, person_until, ${UNREAD} as unread, opted_out_at,
  last_message_at, last_inbound_at, created_at,
  (select json_build_object('author', ${MESSAGE_AUTHOR}, 'status', status, 'text', left(text, ${BEGINNING})) from messages
    where conversation_id = conversations.id and (conversations.state <> 'waiting' or direction = 'inbound') order by messages.seq desc limit 1) as last_message`;
const positionOf = (column: OrderColumn): string =>
  `(extract(epoch from ${column}) * 1000000)::bigint::text as position`;

type OrderColumn = 'last_message_at' | 'state_since';

/** Condition on `conversations`: it is held with one of the business' own people. */
export const CONTACT_IS_STAFF: string = `(${STAFF_OF_CONTACT} is not null)`;

/** Each unset one lets all through, but for `staff`. */
interface ConversationFilter {
  businessId?: string | undefined;
  states?: readonly ConversationState[] | undefined;
  unread?: boolean | undefined;
  channel?: ConversationSummary['channel'] | undefined;
  sessionId?: string | undefined;
  personId?: string | undefined;
  /** Addresses, such as `491701234567@s.whatsapp.net`: one of them is the contact's. */
  contacts?: readonly string[] | undefined;
  /** Of the last message. */
  after?: Date | undefined;
  before?: Date | undefined;
  /** Those with the business' own people, too. */
  staff?: boolean | undefined;
  /** Stands in the contact's name or number, or in a message. Reads the messages of every conversation that the other filters leave. */
  text?: string | undefined;
}

interface ListOptions {
  filter?: ConversationFilter;
  /** Of the last one of the page before. */
  position?: { position: string | null; id: string } | undefined;
  limit: number;
}

/** The conversations with the newest message first; those without any message stand before them. */
export async function listConversations(db: Queryable, options: ListOptions): Promise<ConversationSummary[]> {
  return listOrdered(db, 'last_message_at', options);
}

/** In the order in which people look at conversations: those of a group stand before those of the next one. */
const groups: readonly { states: readonly ConversationState[]; column: OrderColumn }[] = [
  { states: ['waiting'], column: 'state_since' },
  { states: ['person'], column: 'state_since' },
  { states: ['agent', 'closed'], column: 'last_message_at' },
];

/** Those that wait for a person, the longest first; then those with a person; then all others, the newest message first. */
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
    const asked = states.filter((state) => filter.states?.includes(state) ?? true);
    if (group < (position?.group ?? 0) || asked.length === 0 || found.length >= limit) continue;
    const after = group === position?.group ? position : undefined;
    // oxlint-disable-next-line no-await-in-loop -- mostly the first ones fill a page
    const rows = await listOrdered(db, column, {
      filter: { ...filter, states: asked },
      position: after,
      limit: limit - found.length,
    });
    found.push(...rows.map((row) => ({ ...row, group })));
  }
  return found;
}

/** By the last message the newest first, by the state's time the oldest. */
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
  // One is told as such: an index by the state is then in the order of what follows it.
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
  /** Since when the one waits that waits longest. */
  waiting_since: Date | null;
  person: number;
  /** Of these, how many are with the person who asks. */
  mine: number;
}

/** How many conversations need somebody; without those of the business' own people. Reads those alone, whatever the number of others. */
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

/** One conversation; undefined where it does not exist, or belongs to another business than the one named. */
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
