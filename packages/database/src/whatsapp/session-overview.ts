import type { Queryable } from '../database.ts';

/** A session that should run but does not work, by its recorded state. */
interface FailingSession {
  id: string;
  status: string;
  reason: string | null;
  /** Since when it has this status. */
  since: Date;
  /** Messages that wait to be sent from it. */
  waiting: number;
}

export interface SessionOverview {
  /** Changes whenever a list of sessions has changed. */
  changed: string;
  /** Number of sessions by status. */
  counts: Record<string, number>;
  /** The first failing sessions by id, at most 5. */
  failing: FailingSession[];
}

/** Failing sessions that are returned. */
const MAX_FAILING = 5;

/** The sessions of one business or of all (undefined), as their replicas recorded them. A replica that was killed recorded no change. */
export async function readSessionOverview(
  q: Queryable,
  businessId: string | undefined,
): Promise<SessionOverview> {
  const [row] = await q.query<
    Omit<SessionOverview, 'failing'> & {
      failing: (Omit<FailingSession, 'since'> & { since: number })[];
    }
  >(
    `with waiting as (
       select session_id, count(*)::int as messages from messages where status = 'queued' group by session_id),
     seen as (
       select s.id, s.last_inbound_at, s.last_outbound_at, s.phone_number, s.last_error_at, s.created_at,
         coalesce(waiting.messages, 0) as waiting, coalesce(last.id, 0) as change,
         case when s.last_error is not null then 'FAILED' when s.wanted = 'stopped' then 'STOPPED'
           else coalesce(last.status, 'STARTING') end as status,
         case when s.last_error is not null or s.wanted = 'stopped' then s.last_error else last.reason end as reason
       from whatsapp_sessions s left join waiting on waiting.session_id = s.id
       left join lateral (select id, status, reason from session_changes c
         where c.session_id = s.id order by c.id desc limit 1) last on true
       where $1::text is null or s.business_id = $1),
     failing as (
       select id, status, reason, waiting, extract(epoch from coalesce(
         (select min(at) from session_changes c where c.session_id = seen.id and c.status = seen.status and c.id >
           coalesce((select max(id) from session_changes o where o.session_id = seen.id and o.status <> seen.status), 0)),
         last_error_at, created_at)) * 1000 as since
       from seen where status not in ('WORKING', 'STOPPED') order by id limit ${MAX_FAILING})
     select
       md5(coalesce((select string_agg(concat_ws(' ', id, status, reason, change, waiting, phone_number,
         last_inbound_at, last_outbound_at), ',' order by id) from seen), '')) as changed,
       coalesce((select json_object_agg(status, sessions)
         from (select status, count(*) as sessions from seen group by status) by_status), '{}') as counts,
       coalesce((select json_agg(failing order by id) from failing), '[]') as failing`,
    [businessId ?? null],
  );
  const { failing, ...rest } = row!;
  return { ...rest, failing: failing.map((one) => ({ ...one, since: new Date(one.since) })) };
}
