import type { Queryable } from './database.ts';

/** Those of the letters that the caller, and nobody else, may replay; part of the transaction that does. */
export async function claimReplays(tx: Queryable, letterIds: readonly string[]): Promise<Set<string>> {
  // In one order: of two who claim the same letters, one waits for the other, and not each for each.
  const rows = await tx.query<{ letter_id: string }>(
    `insert into job_replays (letter_id) select distinct id from unnest($1::text[]) as id order by id
     on conflict do nothing returning letter_id`,
    [letterIds],
  );
  return new Set(rows.map(({ letter_id: id }) => id));
}

/** Gives claims back, in the transaction that made them. */
export async function unclaimReplays(tx: Queryable, letterIds: readonly string[]): Promise<void> {
  await tx.query('delete from job_replays where letter_id = any($1::text[])', [letterIds]);
}

/** Those of the messages that stand as failed, locked for this transaction. */
export async function lockFailedMessages(tx: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    `select id from messages where id = any($1::uuid[]) and status = 'failed' order by id for update`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Makes messages that failed ones that wait again, to be answered or sent, each not before its time. */
export async function reopenMessages(
  tx: Queryable,
  messages: readonly { id: string; notBefore: Date }[],
): Promise<void> {
  await tx.query(
    `update messages set error = null, not_before = due.at,
       status = case direction when 'inbound' then 'received' else 'queued' end
     from unnest($1::uuid[], $2::timestamptz[]) as due (id, at)
     where messages.id = due.id and messages.status = 'failed'`,
    [messages.map(({ id }) => id), messages.map(({ notBefore }) => notBefore)],
  );
}

/**
 * Marks the message failed of a job that died as `letterId` tells, unless it was closed, or reopened by a replay of that letter:
 * whoever takes care of the dead may come late. True where it was this call that did.
 */
export async function failMessageOfDeadJob(
  q: Queryable,
  { id, letterId, error }: { id: string; letterId: string; error: string },
): Promise<boolean> {
  const rows = await q.query(
    `update messages set status = 'failed', error = $3
     where id = $1 and status not in ('answered', 'sent', 'failed', 'undelivered')
       and not exists (select from job_replays where letter_id = $2)
     returning id`,
    [id, letterId, error],
  );
  return rows.length === 1;
}

export async function deleteOldReplays(tx: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await tx.query(
    `delete from job_replays where letter_id in
       (select letter_id from job_replays where replayed_at < $1 order by replayed_at limit $2)
     returning letter_id`,
    [before, limit],
  );
  return rows.length;
}
