import type { Queryable } from './database.ts';

/** What is going on in the chats of a business. */
export interface ChatFigures {
  waiting: number;
  /** Since when the one waits that has waited longest; null: none does. */
  waiting_since: Date | null;
  /** With a person. */
  person: number;
  /** Another value: a message was written. */
  last_message: string;
  /** Another value: a chat changed hands. */
  last_event: string;
}

/** Of one business or of all (undefined). Asks indexes alone, whatever the number of chats. */
export async function readChatFigures(q: Queryable, businessId: string | undefined): Promise<ChatFigures> {
  const ofBusiness = '($1::text is null or business_id = $1)';
  const [row] = await q.query<ChatFigures>(
    `select (count(*) filter (where state = 'waiting'))::int as waiting,
       min(state_since) filter (where state = 'waiting') as waiting_since,
       (count(*) filter (where state = 'person'))::int as person,
       coalesce((select max(seq) from messages where ${businessId === undefined ? 'true' : 'business_id = $1'}), 0)::text as last_message,
       coalesce((select max(id) from conversation_events), 0)::text as last_event
     from conversations where state in ('waiting', 'person') and ${ofBusiness}`,
    [businessId ?? null],
  );
  return row!;
}
