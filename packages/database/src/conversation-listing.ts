import type { Queryable } from './database.ts';

export interface ConversationSummary {
  id: string;
  business_id: string;
  channel: 'whatsapp' | 'phone';
  session_id: string | null;
  contact: string;
  contact_name: string | null;
  state: 'agent' | 'waiting' | 'person' | 'closed';
  state_since: Date;
  state_reason: string | null;
  person_id: string | null;
  person_until: Date | null;
  opted_out_at: Date | null;
  last_message_at: Date | null;
  created_at: Date;
  /** `last_message_at` in microseconds, which a Date cannot hold: for the next page's cursor. */
  position: string | null;
}

const COLUMNS = `id, business_id, channel, session_id, contact, contact_name, state, state_since, state_reason, person_id,
  person_until, opted_out_at,
  last_message_at, created_at, (extract(epoch from last_message_at) * 1000000)::bigint::text as position`;

/**
 * The conversations with the newest message first; those without any message stand before them.
 * `businessId` undefined is every business.
 */
export async function listConversations(
  db: Queryable,
  options: {
    businessId?: string | undefined;
    after?: { position: string | null; id: string } | undefined;
    limit: number;
  },
): Promise<ConversationSummary[]> {
  const parameters: unknown[] = [options.limit];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;

  if (options.businessId !== undefined) conditions.push(`business_id = ${parameter(options.businessId)}`);
  if (options.after !== undefined) {
    const id = parameter(options.after.id);
    if (options.after.position === null) {
      conditions.push(`((last_message_at is null and id > ${id}::uuid) or last_message_at is not null)`);
    } else {
      const position = `(timestamptz 'epoch' + ${parameter(options.after.position)}::bigint * interval '1 microsecond')`;
      conditions.push(
        `last_message_at <= ${position} and (last_message_at < ${position} or id > ${id}::uuid)`,
      );
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
