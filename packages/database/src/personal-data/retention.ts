import type { Database, Queryable } from '../database.ts';

/** Advisory lock; an arbitrary number, the same in every build. */
const LOCK_ID = 4_712_090_002;

/**
 * Runs `run` in a transaction that holds the retention lock, so that one process at a time deletes old rows. Returns undefined at once
 * if another process holds it. Meant for one batch, so that rows are not locked for long.
 */
export async function withRetentionLock<T>(
  db: Database,
  run: (tx: Queryable) => Promise<T>,
): Promise<T | undefined> {
  return db.transaction(async (tx) => {
    const [lock] = await tx.query<{ is_mine: boolean }>('select pg_try_advisory_xact_lock($1) as is_mine', [
      LOCK_ID,
    ]);
    return lock?.is_mine === true ? run(tx) : undefined;
  });
}

/** Deletes a batch of messages that are closed and have no job (a failed one has a job in the dead letter). Returns the count. */
export async function deleteOldMessages(q: Queryable, before: Date, limit: number): Promise<number> {
  // `seq` rises with time: reads from the oldest message on, and at most one batch of messages that stay.
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
 * Deletes a batch of conversations without messages: a contact's name and number must not outlive the messages. Contacts who opted
 * out stay, so that the opt-out is kept.
 */
export async function deleteEmptyConversations(q: Queryable, before: Date, limit: number): Promise<number> {
  // Writing a message locks its conversation and sets last_message_at, so a row that changed meanwhile no longer matches.
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

/** Deletes a batch of conversation events. Returns the count. */
export async function deleteOldConversationEvents(
  q: Queryable,
  before: Date,
  limit: number,
): Promise<number> {
  // Ids rise with time: the oldest come first in the primary key.
  const rows = await q.query(
    `delete from conversation_events where id in (
       select id from (select id, at from conversation_events order by id limit $2) oldest where at < $1) returning 1`,
    [before, limit],
  );
  return rows.length;
}

/** Deletes a batch. Returns the count. */
export async function deleteOldRecordings(q: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from recordings where id in (select id from recordings where created_at < $1 limit $2) returning 1`,
    [before, limit],
  );
  return rows.length;
}

/** Deletes a batch. Open calls and calls with a recording stay. Returns the count. */
export async function deleteOldCalls(q: Queryable, before: Date, limit: number): Promise<number> {
  // Per business, as the index is.
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

/** Deletes a batch, the oldest first. Returns the count. */
export async function deleteOldAudit(q: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from audit_log where id in (
       select id from (select id, at from audit_log order by audit_log.id limit $2) oldest where at < $1)
     returning 1`,
    [before, limit],
  );
  return rows.length;
}
