import type { Queryable } from '../database.ts';

/** Another value says that lists of chats are to be read again. */
export interface ChatVersion {
  /** A message was written. */
  last_message: string;
  /** A chat changed hands. */
  last_event: string;
}

/** Of one business or of all (undefined). Asks indexes alone, whatever the number of chats. */
export async function readChatVersion(q: Queryable, businessId: string | undefined): Promise<ChatVersion> {
  const ofBusiness = businessId === undefined ? '' : 'where business_id = $1';
  const [row] = await q.query<ChatVersion>(
    `select coalesce((select max(seq) from messages ${ofBusiness}), 0)::text
         as last_message,
       coalesce((select max(id) from conversation_events ${ofBusiness}), 0)::text as last_event`,
    businessId === undefined ? [] : [businessId],
  );
  return row!;
}
