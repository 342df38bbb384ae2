import type { Queryable } from '../database.ts';

/** Changes whenever a list of chats has changed. */
export interface ChatVersion {
  /** `seq` of the latest message. */
  last_message: string;
  /** Id of the latest change of a chat's state. */
  last_event: string;
}

/** Of one business or of all (undefined). Reads only indexes, whatever the number of chats. */
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
