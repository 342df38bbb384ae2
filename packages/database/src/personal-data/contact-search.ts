import { identitiesOf, mentionPattern, needleOf } from './contact-identities.ts';
import type { Queryable } from '../database.ts';

/** Whose data: by phone number, WhatsApp address or SIP address, in one business or (undefined) in all. */
export interface ContactQuery {
  contact: string;
  businessId: string | undefined;
}

/** A contact as the records know it. */
export interface FoundContact {
  /** See `identitiesOf`. */
  identities: string[];
  /** Each as a record spells it. */
  names: string[];
  /** For texts that may name the contact: a regular expression of PostgreSQL's; null where they can't be searched for it. */
  mention: string | null;
}

/** Condition on a table with a business, whose id is the parameter `$2`. */
const ofBusiness = '($2::text is null or business_id = $2)';

const NAMES_IN_USE = `
  select contact as name, alternate_contact as other from conversations where ${ofBusiness}
  union select contact, alternate_contact from unstored_messages where ${ofBusiness}
  union select from_number, null from calls where ${ofBusiness}
  union select to_number, null from calls where ${ofBusiness}
  union select chat_id, null from whatsapp_sends join whatsapp_sessions on id = session_id where ${ofBusiness}
  union select k.id || '@s.whatsapp.net', (k.value #>> '{}') || '@lid'
    from whatsapp_keys k join whatsapp_sessions s on s.id = session_id
    where type = 'lid-mapping' and k.id ~ '^[0-9]+$' and ${ofBusiness}`;

/** With the names that records tell to be the same contact's: some rows have only the LID. Reads every record's names. */
export async function findContact(
  q: Queryable,
  { contact, businessId }: ContactQuery,
): Promise<FoundContact> {
  const identities = new Set(identitiesOf(contact));
  const names = new Set<string>();
  for (let known = 0; known < identities.size;) {
    known = identities.size;
    // oxlint-disable-next-line no-await-in-loop -- each round searches for what the one before has found
    const rows = await q.query<{ name: string; other: string | null }>(
      `select name, other from (${NAMES_IN_USE}) used
       where exists (select from unnest($1::text[]) needle
         where strpos(lower(name), needle) > 0 or strpos(lower(other), needle) > 0)`,
      [[...identities].map(needleOf), businessId ?? null],
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

/** Condition on `conversations` and `unstored_messages`: `$1` are the contact's names. */
export const withContact: string = `(contact = any($1) or alternate_contact = any($1)) and ${ofBusiness}`;

/** Condition on `calls`: `$1` as above. */
export const ofCaller: string = `(from_number = any($1) or to_number = any($1)) and ${ofBusiness}`;

/** Condition on `whatsapp_sends`: `$1` as above. */
export const toContact: string = `chat_id = any($1) and session_id in (select id from whatsapp_sessions where ${ofBusiness})`;

/**
 * Condition on `jobs`: `$1` are the ids of the contact's conversations, `$3` is how texts mention it. A job without a message carries
 * in its payload what it needs.
 */
export const jobOfContact: string = `(
  message_id in (select id from messages where conversation_id = any($1::uuid[]))
  or payload ->> 'conversationId' = any($1::text[])
  or (message_id is null and concat_ws(' ', payload::text, failure, failures::text) ~* $3 and ${ofBusiness}))`;
