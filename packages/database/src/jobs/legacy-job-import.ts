// Imports the jobs that releases before migration 0010 kept in Redis or in the table `outbox`. Remove it once nobody upgrades from
// those releases.
import type { Queryable } from '../database.ts';
import type { FailedAttempt } from './job-failure-repository.ts';

/** A dead-letter entry of those releases. */
export interface OldDeadLetter {
  queue: string;
  payload: { messageId?: string; conversationId?: string };
  reason: string;
  attempts: number;
  failures: FailedAttempt[];
  trace: string;
  created_at: string;
  failed_at: string;
}

const orderKey = (conversation: string): string =>
  `case queue when 'inbound-messages' then 'in:' else 'out:' end || ${conversation}`;

/**
 * Imports dead-letter entries and fails their messages. Skips entries that were imported before or replayed since, because their
 * message has a job. Returns the count.
 */
export async function importDeadLetters(tx: Queryable, entries: readonly OldDeadLetter[]): Promise<number> {
  const rows = await tx.query<{ message_id: string | null; failure: string }>(
    `with old as (
       select * from jsonb_to_recordset($1::jsonb) as old (queue text, payload jsonb, reason text, attempts integer,
         failures jsonb, trace text, created_at timestamptz, failed_at timestamptz))
     insert into jobs (queue, order_key, business_id, message_id, payload, trace, attempts, failures, failure, failed_at, created_at)
     select old.queue, ${orderKey(`coalesce(m.conversation_id::text, payload ->> 'conversationId', 'unknown')`)}, m.business_id,
       m.id, payload, trace, attempts, failures, old.reason, old.failed_at, old.created_at
     from old left join messages m on m.id::text = lower(payload ->> 'messageId')
     where m.id is not null or not exists (
       select from jobs where jobs.failed_at = old.failed_at and message_id is null and jobs.payload = old.payload)
     order by old.created_at, m.seq
     on conflict do nothing returning message_id, failure`,
    // PostgreSQL accepts no NUL in a text.
    [JSON.stringify(entries).replaceAll(String.raw`\u0000`, '')],
  );
  await tx.query(
    `update messages set status = 'failed', error = dead.failure
     from unnest($1::uuid[], $2::text[]) as dead (id, failure)
     where messages.id = dead.id and status in ('received', 'queued')`,
    [rows.map(({ message_id: id }) => id), rows.map(({ failure }) => failure)],
  );
  return rows.length;
}

/** Deletes outbox rows that only replicas of the previous release needed. */
export async function deleteOldOutbox(q: Queryable): Promise<void> {
  await q.query(`delete from outbox where created_at < now() - interval '1 hour'`);
}

const OPEN_WITHOUT_JOB = `insert into jobs (queue, order_key, business_id, message_id, payload, run_at, is_delayed)
  select queue, ${orderKey('conversation_id')}, business_id, id,
    jsonb_build_object('messageId', id, 'conversationId', conversation_id, 'businessId', business_id),
    coalesce(not_before, created_at), coalesce(not_before > now(), false)
  from (select *, direction || '-messages' as queue from messages) m
  where status not in ('answered', 'waiting_for_person', 'ignored', 'sent', 'failed', 'undelivered')
    and (direction = 'inbound' or external_id is null)`;

/** Writes the job of an open message that has none, after those of older messages of its conversation. */
export async function addMissingJob(q: Queryable, messageId: string): Promise<void> {
  await q.query(
    `${OPEN_WITHOUT_JOB} and (conversation_id, direction) = (select conversation_id, direction from messages where id = $1)
       and seq <= (select seq from messages where id = $1)
     order by m.seq on conflict do nothing`,
    [messageId],
  );
}

/**
 * Messages that have been open for a minute and have no row in `jobs`, oldest first: BullMQ may have their job, under the message's
 * id. Leaves out programs' messages, which have WhatsApp's id before they are sent and need no job.
 */
export async function listMessagesWithoutJob(
  q: Queryable,
  { afterSeq, limit }: { afterSeq: string; limit: number },
): Promise<{ id: string; seq: string; queue: string }[]> {
  return q.query(
    `select id, seq::text as seq, direction || '-messages' as queue from messages
     where status in ('received', 'queued') and created_at < now() - interval '1 minute' and seq > $1::bigint
       and (direction = 'inbound' or external_id is null)
       and not exists (select from jobs where message_id = messages.id)
     order by messages.seq limit $2`,
    [afterSeq, limit],
  );
}
