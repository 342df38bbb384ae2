import type { Database, Queryable } from '../database.ts';

/** Any number that nobody else takes; the same in every build. */
const lockId = 4_712_090_002;

/**
 * Runs `run` in a transaction that holds the turn to delete what is too old: one at a time, whatever the number of services.
 * Undefined, at once, where another has it. Meant for a batch, so that nothing stays locked for long.
 */
export async function withRetentionLock<T>(
  db: Database,
  run: (tx: Queryable) => Promise<T>,
): Promise<T | undefined> {
  return db.transaction(async (tx) => {
    const [turn] = await tx.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [
      lockId,
    ]);
    return turn?.mine === true ? run(tx) : undefined;
  });
}

/** A batch of messages that are not open and have no job, such as one in the dead letter; answers how many went. */
export async function deleteOldMessages(q: Queryable, before: Date, limit: number): Promise<number> {
  // `seq` follows the time: walked from the oldest on, and no further than one page into what stays.
  const rows = await q.query(
    `delete from messages where id in (
       select id from (
         select id, created_at from messages where status not in ('received', 'queued')
           and not exists (select from jobs where message_id = messages.id)
         order by messages.seq limit $2) oldest
       where created_at < $1)
     returning 1`,
    [before, limit],
  );
  return rows.length;
}

/**
 * Conversations that nothing is left of, a batch: a contact's name and number must not outlive what was said. One who opted out
 * is remembered, to be left alone.
 */
export async function deleteEmptyConversations(q: Queryable, before: Date, limit: number): Promise<number> {
  // Whoever writes a message locks its conversation and sets last_message_at: a row that changed meanwhile does not fit any more.
  const rows = await q.query(
    `delete from conversations where id in (
       select id from conversations
       where coalesce(last_message_at, created_at) < $1 and opted_out_at is null
         and not exists (select 1 from messages where conversation_id = conversations.id)
       limit $2 for update skip locked)
     returning 1`,
    [before, limit],
  );
  return rows.length;
}

/** What happened to conversations, a batch; answers how many went. */
export async function deleteOldConversationEvents(
  q: Queryable,
  before: Date,
  limit: number,
): Promise<number> {
  // Ids rise with time: the oldest stand first in the primary key.
  const rows = await q.query(
    `delete from conversation_events where id in (
       select id from (select id, at from conversation_events order by id limit $2) oldest where at < $1) returning 1`,
    [before, limit],
  );
  return rows.length;
}

/** A batch; answers how many went. */
export async function deleteOldRecordings(q: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from recordings where id in (select id from recordings where created_at < $1 limit $2) returning 1`,
    [before, limit],
  );
  return rows.length;
}

/** A batch; a call that is open or still has a recording stays. */
export async function deleteOldCalls(q: Queryable, before: Date, limit: number): Promise<number> {
  // Business by business, because the index is.
  const rows = await q.query(
    `delete from calls where id in (
       select old.id from businesses cross join lateral (
         select id from calls
         where business_id = businesses.id and started_at < $1 and outcome is not null
           and not exists (select 1 from recordings where call_id = calls.id)
         order by started_at limit $2) old
       limit $2)
     returning 1`,
    [before, limit],
  );
  return rows.length;
}

/** A batch, from the oldest on. */
export async function deleteOldAudit(q: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from audit_log where id in (
       select id from (select id, at from audit_log order by audit_log.id limit $2) oldest where at < $1)
     returning 1`,
    [before, limit],
  );
  return rows.length;
}
