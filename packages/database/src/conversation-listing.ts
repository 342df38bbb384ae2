import { type ConversationState, STAFF_OF_CONTACT } from './conversation-repository.ts';
import type { Queryable } from './database.ts';

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
  last_inbound_at: Date | null;
  created_at: Date;
  /** `last_message_at` in microseconds, which a Date cannot hold: for the next page's cursor. */
  position: string | null;
}

const UNREAD = `coalesce(last_inbound_at > coalesce(read_at, '-infinity'), false)`;
const COLUMNS = `id, business_id, channel, session_id, contact, contact_name, state, state_since, state_reason, person_id,
  (select name from people where people.id = person_id) as person_name, person_until, ${UNREAD} as unread, opted_out_at,
  last_message_at, last_inbound_at, created_at, (extract(epoch from last_message_at) * 1000000)::bigint::text as position`;

/** Condition on `conversations`: it is held with one of the business' own people. */
export const CONTACT_IS_STAFF: string = `(${STAFF_OF_CONTACT} is not null)`;

/** Each unset one lets all through, but for `staff`. */
export interface ConversationFilter {
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

/** The conversations with the newest message first; those without any message stand before them. */
export async function listConversations(
  db: Queryable,
  {
    filter = {},
    position,
    limit,
  }: {
    filter?: ConversationFilter;
    /** Of the last one of the page before. */
    position?: { position: string | null; id: string } | undefined;
    limit: number;
  },
): Promise<ConversationSummary[]> {
  const parameters: unknown[] = [limit];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;
  const where = (value: unknown, condition: (at: string) => string): void => {
    if (value !== undefined) conditions.push(condition(parameter(value)));
  };

  where(filter.businessId, (at) => `business_id = ${at}`);
  where(filter.states, (at) => `state = any(${at}::text[])`);
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
  if (position !== undefined) {
    const id = parameter(position.id);
    if (position.position === null) {
      conditions.push(`((last_message_at is null and id > ${id}::uuid) or last_message_at is not null)`);
    } else {
      const at = `(timestamptz 'epoch' + ${parameter(position.position)}::bigint * interval '1 microsecond')`;
      conditions.push(`last_message_at <= ${at} and (last_message_at < ${at} or id > ${id}::uuid)`);
    }
  }
  return db.query<ConversationSummary>(
    `select ${COLUMNS} from conversations
     ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
     order by last_message_at desc, id
     limit $1`,
    parameters,
  );
}

/** One conversation; undefined where it does not exist, or belongs to another business than the one named. */
export async function findConversation(
  db: Queryable,
  id: string,
  businessId: string | undefined,
): Promise<ConversationSummary | undefined> {
  const rows = await db.query<ConversationSummary>(
    `select ${COLUMNS} from conversations where id = $1 and ($2::text is null or business_id = $2)`,
    [id, businessId ?? null],
  );
  return rows[0];
}
