import { type CallSummary, listCallsOf } from './call-listing.ts';
import type { Queryable } from './database.ts';

/** Whose data: by WhatsApp address or phone number, in one business or (undefined) in all. */
export interface ContactQuery {
  contact: string;
  businessId: string | undefined;
}

interface ContactConversation {
  id: string;
  business_id: string;
  channel: string;
  contact: string;
  contact_name: string | null;
  created_at: Date;
  messages: {
    direction: string;
    status: string;
    text: string;
    error: string | null;
    created_at: string;
    sent_at: string | null;
    delivered_at: string | null;
  }[];
}

/** What came and is not among the messages. */
interface ContactUnstored {
  id: string;
  business_id: string;
  contact: string;
  status: string;
  reason: string;
  received_at: Date;
  /** JSON as it came, its content a protobuf message in base64; null while only its place is held. */
  raw: string | null;
}

export interface ContactData {
  conversations: ContactConversation[];
  unstored_messages: ContactUnstored[];
  calls: CallSummary[];
}

export interface Erased {
  conversations: number;
  messages: number;
  unstored_messages: number;
  calls: number;
  recordings: number;
}

/** Everything that is kept of a contact's words and calls. */
export async function exportContact(db: Queryable, query: ContactQuery): Promise<ContactData> {
  const { numbers } = namesOf(query.contact);
  const addresses = await addressesOf(db, query);
  const conversations = await db.query<ContactConversation>(
    `select id, business_id, channel, contact, contact_name, created_at,
       coalesce((select json_agg(json_build_object('direction', m.direction, 'status', m.status, 'text', m.text, 'error', m.error,
           'created_at', m.created_at, 'sent_at', m.sent_at, 'delivered_at', m.delivered_at) order by m.seq)
         from messages m where m.conversation_id = conversations.id), '[]') as messages
     from conversations where ${conversationOf} order by created_at, id`,
    [addresses, query.businessId ?? null],
  );
  const unstored = await db.query<ContactUnstored>(
    `select id, business_id, contact, status, reason, received_at, convert_from(raw, 'UTF8') as raw
     from unstored_messages where ${conversationOf} order by received_at, id`,
    [addresses, query.businessId ?? null],
  );
  return {
    conversations,
    unstored_messages: unstored,
    calls: await listCallsOf(db, { numbers, businessId: query.businessId }),
  };
}

/**
 * Deletes it, in the caller's transaction. Jobs and metrics name records only by id, so nothing else tells of the contact;
 * a send that is under way keeps its row until it is over.
 */
export async function eraseContact(tx: Queryable, query: ContactQuery): Promise<Erased> {
  const { numbers } = namesOf(query.contact);
  const addresses = await addressesOf(tx, query);
  const business = query.businessId ?? null;
  const count = async (sql: string, names: readonly string[]): Promise<number> => {
    const [row] = await tx.query<{ count: number }>(sql, [names, business]);
    return row?.count ?? 0;
  };
  // Lock order everywhere: conversation, then send, then message, then job.
  await tx.query(`select from conversations where ${conversationOf} order by id for update`, [
    addresses,
    business,
  ]);
  await tx.query(
    `delete from whatsapp_sends using whatsapp_sessions s
      where s.id = session_id and chat_id = any($1) and status <> 'pending' and ($2::text is null or s.business_id = $2)`,
    [addresses, business],
  );
  const messages = await count(
    `with gone as (delete from messages where conversation_id in (select id from conversations where ${conversationOf})
       returning 1) select count(*)::int from gone`,
    addresses,
  );
  const conversations = await count(
    `with gone as (delete from conversations where ${conversationOf} returning 1) select count(*)::int from gone`,
    addresses,
  );
  const unstored = await count(
    `with gone as (delete from unstored_messages where ${conversationOf} returning 1) select count(*)::int from gone`,
    addresses,
  );
  const recordings = await count(
    `with gone as (delete from recordings where call_id in (select id from calls where ${callOf})
       returning 1) select count(*)::int from gone`,
    numbers,
  );
  const calls = await count(
    `with gone as (delete from calls where ${callOf} returning 1) select count(*)::int from gone`,
    numbers,
  );
  return { conversations, messages, unstored_messages: unstored, calls, recordings };
}

const ofBusiness = '($2::text is null or business_id = $2)';
const conversationOf = `(contact = any($1) or alternate_contact = any($1)) and ${ofBusiness}`;
const callOf = `(from_number = any($1) or to_number = any($1)) and ${ofBusiness}`;

/** With those that conversations and unstored messages tell to be the same contact's: some rows have only the LID. */
async function addressesOf(q: Queryable, query: ContactQuery): Promise<string[]> {
  const { addresses } = namesOf(query.contact);
  const rows = await q.query<{ contact: string; alternate_contact: string | null }>(
    `select contact, alternate_contact from conversations where ${conversationOf}
     union select contact, alternate_contact from unstored_messages where ${conversationOf}`,
    [addresses, query.businessId ?? null],
  );
  const known = rows.flatMap((row) => [row.contact, row.alternate_contact ?? row.contact]);
  return [...new Set([...addresses, ...known])];
}

/** `+49 30 1`, `49301` and `49301@s.whatsapp.net` are one; another address (a LID) stands for itself. */
function namesOf(contact: string): { addresses: string[]; numbers: string[] } {
  const number = /^\+?([\d\s()-]+?)(?:@s\.whatsapp\.net)?$/.exec(contact.trim())?.[1]?.replaceAll(/\D/g, '');
  if (number === undefined || number === '') return { addresses: [contact.trim()], numbers: [] };
  return { addresses: [`${number}@s.whatsapp.net`, contact.trim()], numbers: [`+${number}`, number] };
}
