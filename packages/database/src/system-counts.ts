import { type ConversationState, conversationStates } from './conversations/conversation-repository.ts';
import type { Queryable } from './database.ts';

/** Reads the whole table. Returns every state, also those with 0. */
export async function countConversationsByState(q: Queryable): Promise<Record<ConversationState, number>> {
  const rows = await q.query<{ state: ConversationState; count: number }>(
    'select state, count(*)::float8 as count from conversations group by state',
  );
  const counts = new Map(rows.map(({ state, count }) => [state, count]));
  return Object.fromEntries(conversationStates.map((state) => [state, counts.get(state) ?? 0])) as Record<
    ConversationState,
    number
  >;
}

/** Client connections to the server, of all users, and how many the server allows. */
export async function countConnections(q: Queryable): Promise<{ used: number; allowed: number }> {
  const [row] = await q.query<{ used: number; allowed: number }>(
    // A user without the privilege sees only `datid` of other users' connections.
    `select (select count(*)::int from pg_stat_activity
         where datid is not null and coalesce(backend_type, 'client backend') = 'client backend') as used,
       current_setting('max_connections')::int as allowed`,
  );
  return row!;
}
