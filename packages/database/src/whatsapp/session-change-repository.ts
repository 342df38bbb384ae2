import type { Queryable } from '../database.ts';

export interface SessionChange {
  at: Date;
  status: string;
  reason: string | null;
}

/** Of a session; a database that was away gets them late. */
export interface NewSessionChange extends Omit<SessionChange, 'at'> {
  sessionId: string;
  secondsAgo: number;
}

/** Kept of each session: 70 a day for a week. */
const MOST_CHANGES = 500;
const MOST_DAYS = 7;

/** Writes down how a session is from now on, and forgets what is too old; of a session that is gone, nothing. */
export async function addSessionChange(q: Queryable, change: NewSessionChange): Promise<void> {
  await q.query(
    `with added as (
       insert into session_changes (session_id, at, status, reason)
       select id, now() - $4 * interval '1 second', $2, $3 from whatsapp_sessions where id = $1 returning session_id)
     delete from session_changes using added
     where session_changes.session_id = added.session_id
       and (at < now() - $5 * interval '1 day' or id <= (
         select id from session_changes where session_id = $1 order by id desc offset $6 limit 1))`,
    [change.sessionId, change.status, change.reason, change.secondsAgo, MOST_DAYS, MOST_CHANGES - 1],
  );
}

/** What is told of a session beside how it is now. */
export interface SessionStats {
  session_id: string;
  last_outbound_at: Date | null;
  /** Messages that are to be sent from it. */
  waiting: number;
  /** Of the last day, the oldest first, behind the one that was in force when it began. */
  changes: SessionChange[];
}

/** Shown of each session. */
const SHOWN_CHANGES = 50;

/** The figures of sessions, in their order; those that are gone are missing. */
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
