import { eraseContactKeys } from './contact-keys.ts';
import {
  type ContactQuery,
  findContact,
  jobOfContact,
  ofCaller,
  toContact,
  withContact,
} from './contact-search.ts';
import type { Queryable } from '../database.ts';

/** How many rows went. */
export interface ErasedCounts {
  conversations: number;
  messages: number;
  unstored_messages: number;
  /** Also those that are not sent yet. */
  sends: number;
  jobs: number;
  calls: number;
  recordings: number;
}

/**
 * Deletes everything that is kept of a contact, in the caller's transaction. What is not sent yet is not sent: BullMQ's jobs find no
 * row. Where it is erased in all businesses, its names in the audit log, which belongs to none, become `[erased]`.
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

  // Lock order everywhere: keys of the encryption, then conversation, send, message, job.
  await eraseContactKeys(tx, { identities, businessId: query.businessId });
  const conversations = await tx.query<{ id: string }>(
    `select id from conversations where ${withContact} order by id for update`,
    [names, business],
  );
  const ids = conversations.map(({ id }) => id);
  const sends = await remove('whatsapp_sends', toContact, [names, business]);
  const jobs = await tx.query<{ id: string }>(`select id::text as id from jobs where ${jobOfContact}`, [
    ids,
    business,
    mention,
  ]);
  await eraseNotices(tx, ids);
  await forgetWaysToAsk(tx, ids);
  // With what the agent did not understand of them.
  const messages = await remove('messages', 'conversation_id = any($1::uuid[])', [ids]);
  // Those without a message are still there.
  await remove('jobs', 'id = any($1::bigint[])', [jobs.map(({ id }) => id)]);
  await remove(
    'outbox',
    `payload ->> 'conversationId' = any($1) or (payload::text ~* $3 and ($2::text is null or payload ->> 'businessId' = $2))`,
    [ids, business, mention],
  );
  await remove('conversations', 'id = any($1::uuid[])', [ids]);
  const unstored = await remove('unstored_messages', withContact, [names, business]);
  const recordings = await remove('recordings', `call_id in (select id from calls where ${ofCaller})`, [
    names,
    business,
  ]);
  const calls = await remove('calls', ofCaller, [names, business]);
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

/** Ways to ask that an entry of the agent's has word for word from the contact, and from nobody else. */
async function forgetWaysToAsk(tx: Queryable, conversationIds: readonly string[]): Promise<void> {
  const words = `select lower(unanswered_questions.text) from unanswered_questions join messages on messages.id = message_id where`;
  const own = `${words} conversation_id = any($1::uuid[])`;
  const others = `${words} conversation_id <> all($1::uuid[])`;
  await tx.query(
    `update learned_entries set updated_at = now(), also = array(
       select form from unnest(also) with ordinality as forms (form, place)
       where lower(form) not in (${own}) or lower(form) in (${others}) order by place)
     where exists (select from unnest(also) form where lower(form) in (${own}) and lower(form) not in (${others}))`,
    [conversationIds],
  );
}

/** Messages to the business' own people name the contact and hold what she wrote. */
async function eraseNotices(tx: Queryable, conversationIds: readonly string[]): Promise<void> {
  const told = `select message_id from notices where conversation_id = any($1::uuid[]) and message_id is not null`;
  await tx.query(
    `delete from whatsapp_sends using messages
     where messages.id in (${told}) and whatsapp_sends.session_id = messages.session_id and key = messages.id::text`,
    [conversationIds],
  );
  await tx.query(`delete from messages where id in (${told})`, [conversationIds]);
}
