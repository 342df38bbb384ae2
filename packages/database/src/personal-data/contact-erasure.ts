import { eraseContactKeys } from './contact-keys.ts';
import {
  type ContactQuery,
  findContact,
  JOB_OF_CONTACT,
  OF_CALLER,
  TO_CONTACT,
  WITH_CONTACT,
} from './contact-search.ts';
import type { Queryable } from '../database.ts';

/** Deleted rows. */
export interface ErasedCounts {
  conversations: number;
  messages: number;
  unstored_messages: number;
  /** Including those that are not sent yet. */
  sends: number;
  jobs: number;
  calls: number;
  recordings: number;
}

/**
 * Deletes everything stored about a contact, in the caller's transaction. Pending messages are not sent, because BullMQ's jobs find no
 * row. If the contact is erased in all businesses, its names in the audit log, which belongs to none, become `[erased]`.
 */
export async function eraseContact(tx: Queryable, query: ContactQuery): Promise<ErasedCounts> {
  const { identities, names, mention } = await findContact(tx, query);
  const business = query.businessId ?? null;
  const remove = async (table: string, condition: string, values: unknown[]): Promise<number> => {
    const [gone] = await tx.query<{ count: number }>(
      `with gone as (delete from ${table} where ${condition} returning 1) select count(*)::int as count from gone`,
      values,
    );
    return gone?.count ?? 0;
  };

  // Lock order everywhere: encryption keys, conversation, send, message, job.
  await eraseContactKeys(tx, { identities, businessId: query.businessId });
  const conversations = await tx.query<{ id: string }>(
    `select id from conversations where ${WITH_CONTACT} order by id for update`,
    [names, business],
  );
  const ids = conversations.map(({ id }) => id);
  const sends = await remove('whatsapp_sends', TO_CONTACT, [names, business]);
  const jobs = await tx.query<{ id: string }>(`select id::text as id from jobs where ${JOB_OF_CONTACT}`, [
    ids,
    business,
    mention,
  ]);
  await eraseNotices(tx, ids);
  await removePhrasings(tx, ids);
  // Cascades to unanswered_questions.
  const messages = await remove('messages', 'conversation_id = any($1::uuid[])', [ids]);
  // Jobs without a message are left.
  await remove('jobs', 'id = any($1::bigint[])', [jobs.map(({ id }) => id)]);
  await remove(
    'outbox',
    `payload ->> 'conversationId' = any($1) or (payload::text ~* $3 and ($2::text is null or payload ->> 'businessId' = $2))`,
    [ids, business, mention],
  );
  await remove('conversations', 'id = any($1::uuid[])', [ids]);
  const unstored = await remove('unstored_messages', WITH_CONTACT, [names, business]);
  const recordings = await remove('recordings', `call_id in (select id from calls where ${OF_CALLER})`, [
    names,
    business,
  ]);
  const calls = await remove('calls', OF_CALLER, [names, business]);
  if (business === null && mention !== null)
    await tx.query(
      `update audit_log set target = regexp_replace(target, $1, '[erased]', 'gi') where target ~* $1`,
      [mention],
    );
  return {
    conversations: ids.length,
    messages,
    unstored_messages: unstored,
    sends,
    jobs: jobs.length,
    calls,
    recordings,
  };
}

/** Removes phrasings that learned entries took word for word from the contact, and from nobody else. */
async function removePhrasings(tx: Queryable, conversationIds: readonly string[]): Promise<void> {
  const texts = `select lower(unanswered_questions.text) from unanswered_questions join messages on messages.id = message_id where`;
  const own = `${texts} conversation_id = any($1::uuid[])`;
  const others = `${texts} conversation_id <> all($1::uuid[])`;
  await tx.query(
    `update learned_entries set updated_at = now(), also = array(
       select form from unnest(also) with ordinality as forms (form, place)
       where lower(form) not in (${own}) or lower(form) in (${others}) order by place)
     where exists (select from unnest(also) form where lower(form) in (${own}) and lower(form) not in (${others}))`,
    [conversationIds],
  );
}

/** Notices to the business' own people contain the contact's name and texts. */
async function eraseNotices(tx: Queryable, conversationIds: readonly string[]): Promise<void> {
  const noticeMessages = `select message_id from notices where conversation_id = any($1::uuid[]) and message_id is not null`;
  await tx.query(
    `delete from whatsapp_sends using messages
     where messages.id in (${noticeMessages}) and whatsapp_sends.session_id = messages.session_id and key = messages.id::text`,
    [conversationIds],
  );
  await tx.query(`delete from messages where id in (${noticeMessages})`, [conversationIds]);
}
