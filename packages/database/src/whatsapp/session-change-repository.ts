import type { Queryable } from '../database.ts';

export interface SessionChange {
  at: Date;
  status: string;
  reason: string | null;
}

/** `secondsAgo`: age of the change. A change during a database outage is written late. */
export interface NewSessionChange extends Omit<SessionChange, 'at'> {
  sessionId: string;
  secondsAgo: number;
}

/** Changes that are kept per session: about 70 a day for a week. */
const MAX_CHANGES = 500;
const MAX_AGE_DAYS = 7;

/** Records a session's new status and deletes its oldest changes. Does nothing if the session is gone. */
export async function addSessionChange(q: Queryable, change: NewSessionChange): Promise<void> {
  await q.query(
    `with added as (
       insert into session_changes (session_id, at, status, reason)
       select id, now() - $4 * interval '1 second', $2, $3 from whatsapp_sessions where id = $1 returning session_id)
     delete from session_changes using added
     where session_changes.session_id = added.session_id
       and (at < now() - $5 * interval '1 day' or id <= (
         select id from session_changes where session_id = $1 order by id desc offset $6 limit 1))`,
    [change.sessionId, change.status, change.reason, change.secondsAgo, MAX_AGE_DAYS, MAX_CHANGES - 1],
  );
}

/** Statistics of a session beside its current status. */
export interface SessionStats {
  session_id: string;
  last_outbound_at: Date | null;
  /** Messages that wait to be sent from it. */
  waiting: number;
  /** Changes of the last 24 hours and the last one before them, oldest first; at most 50. */
  changes: SessionChange[];
}

/** Changes that are returned per session. */
const SHOWN_CHANGES = 50;

/** Statistics of sessions, in the order of their ids. Deleted sessions are left out. */
export async function readSessionStats(q: Queryable, ids: readonly string[]): Promise<SessionStats[]> {
  const rows = await q.query<Omit<SessionStats, 'changes'> & { changes: [number, string, string | null][] }>(
    `with waiting as (
       select session_id, count(*)::int as messages from messages
       where status = 'queued' and session_id = any($1::text[]) group by session_id)
     select s.id as session_id, s.last_outbound_at, coalesce(waiting.messages, 0) as waiting,
       coalesce((select json_agg(json_build_array(extract(epoch from at) * 1000, status, reason) order by id)
         from (select id, at, status, reason from session_changes c
           where session_id = s.id and id >= coalesce((select id from session_changes
             where session_id = s.id and at <= now() - interval '1 day' order by id desc limit 1), 0)
           order by id desc limit ${SHOWN_CHANGES}) shown), '[]') as changes
     from whatsapp_sessions s left join waiting on waiting.session_id = s.id
     where s.id = any($1::text[]) order by s.id`,
    [ids],
  );
  return rows.map((row) => ({
    ...row,
    changes: row.changes.map(([at, status, reason]) => ({ at: new Date(at), status, reason })),
  }));
}
