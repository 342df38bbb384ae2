import { identitiesOf, mentionPattern, searchTermOf } from './contact-identities.ts';
import type { Queryable } from '../database.ts';

/** A contact by phone number, WhatsApp address or SIP address, in one business or in all (undefined). */
export interface ContactQuery {
  contact: string;
  businessId: string | undefined;
}

/** A contact as the records know it. */
export interface FoundContact {
  /** See `identitiesOf`. */
  identities: string[];
  /** Each name as the records spell it. */
  names: string[];
  /** A PostgreSQL regular expression that finds the contact in free text; null if no name is distinctive enough. */
  mention: string | null;
}

/** SQL condition on a table with `business_id`; `$2` is the business' id, or null for all. */
const OF_BUSINESS = '($2::text is null or business_id = $2)';

const NAMES_IN_USE = `
  select contact as name, alternate_contact as other from conversations where ${OF_BUSINESS}
  union select contact, alternate_contact from unstored_messages where ${OF_BUSINESS}
  union select from_number, null from calls where ${OF_BUSINESS}
  union select to_number, null from calls where ${OF_BUSINESS}
  union select chat_id, null from whatsapp_sends join whatsapp_sessions on id = session_id where ${OF_BUSINESS}
  union select k.id || '@s.whatsapp.net', (k.value #>> '{}') || '@lid'
    from whatsapp_keys k join whatsapp_sessions s on s.id = session_id
    where type = 'lid-mapping' and k.id ~ '^[0-9]+$' and ${OF_BUSINESS}`;

/** Finds all names of a contact by following records that hold two of them: some rows have only the LID. Reads every record's names. */
export async function findContact(
  q: Queryable,
  { contact, businessId }: ContactQuery,
): Promise<FoundContact> {
  const identities = new Set(identitiesOf(contact));
  const names = new Set<string>();
  for (let known = 0; known < identities.size;) {
    known = identities.size;
    // oxlint-disable-next-line no-await-in-loop -- each round searches for the names that the previous one found
    const rows = await q.query<{ name: string; other: string | null }>(
      `select name, other from (${NAMES_IN_USE}) used
       where exists (select from unnest($1::text[]) needle
         where strpos(lower(name), needle) > 0 or strpos(lower(other), needle) > 0)`,
      [[...identities].map(searchTermOf), businessId ?? null],
    );
    for (const { name, other } of rows) {
      const spellings = other === null ? [name] : [name, other];
      const found = spellings.flatMap(identitiesOf);
      if (!found.some((identity) => identities.has(identity))) continue;
      for (const spelling of spellings) names.add(spelling);
      for (const identity of found) identities.add(identity);
    }
  }
  return {
    identities: [...identities],
    names: [...names],
    mention: mentionPattern([...identities]) ?? null,
  };
}

/** SQL condition on `conversations` and `unstored_messages`; `$1` are the contact's names. */
export const WITH_CONTACT: string = `(contact = any($1) or alternate_contact = any($1)) and ${OF_BUSINESS}`;

/** SQL condition on `calls`; `$1` are the contact's names. */
export const OF_CALLER: string = `(from_number = any($1) or to_number = any($1)) and ${OF_BUSINESS}`;

/** SQL condition on `whatsapp_sends`; `$1` are the contact's names. */
export const TO_CONTACT: string = `chat_id = any($1) and session_id in (select id from whatsapp_sessions where ${OF_BUSINESS})`;

/**
 * SQL condition on `jobs`; `$1` are the ids of the contact's conversations, `$3` is the mention pattern. A job without a message has its
 * data in its payload.
 */
export const JOB_OF_CONTACT: string = `(
  message_id in (select id from messages where conversation_id = any($1::uuid[]))
  or payload ->> 'conversationId' = any($1::text[])
  or (message_id is null and concat_ws(' ', payload::text, failure, failures::text) ~* $3 and ${OF_BUSINESS}))`;
