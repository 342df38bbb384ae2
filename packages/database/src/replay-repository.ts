import type { Queryable } from './database.ts';
import type { MessageRow } from './message-repository.ts';

/** True for the one caller who may replay the letter; part of the transaction that does. */
export async function claimReplay(tx: Queryable, letterId: string): Promise<boolean> {
  const rows = await tx.query(
    'insert into job_replays (letter_id) values ($1) on conflict do nothing returning letter_id',
    [letterId],
  );
  return rows.length === 1;
}

/** Makes a message that failed one that waits again, to be answered or sent. `undefined` where there is none. */
export async function reopenMessage(tx: Queryable, id: string): Promise<MessageRow['status'] | undefined> {
  const [row] = await tx.query<{ status: MessageRow['status'] }>(
    `update messages set error = null, status = case direction when 'inbound' then 'received' else 'queued' end
     where id = $1 and status = 'failed'
     returning status`,
    [id],
  );
  return row?.status;
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
