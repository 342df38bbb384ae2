import type { Queryable } from '../database.ts';
import { PENDING, keysWhere, pendingOf, releasedOf } from './job-release.ts';

/** Of one queue, as PostgreSQL counts: `inserted = closed + failed + open`, in every reading. */
export interface JobCounts {
  inserted: number;
  closed: number;
  failed: number;
  open: number;
  /** Open, and BullMQ does not have them. */
  pending: number;
  /** How long the oldest of those has been due. */
  pending_age_seconds: number;
  /** In the dead letter now. */
  dead: number;
}

const ROWS = '(select count(*) from jobs where queue = counted.queue and failed_at is null)';

/**
 * By queue; a queue that never had a job is missing. `countsRows`: `open` is counted row by row, which reads the table, instead of being
 * what the other counts leave: then they have to add up.
 */
export async function readJobCounts(
  q: Queryable,
  { countsRows = false }: { countsRows?: boolean } = {},
): Promise<Record<string, JobCounts>> {
  const rows = await q.query<JobCounts & { queue: string }>(
    // Walks the indexes key by key. With stale statistics the planner would read the whole table for a plain count.
    `with counted as (
       select queue, sum(inserted) as inserted, sum(closed) as closed, sum(failed) as failed, sum(dead) as dead
       from job_counts group by queue),
     released as (
       with recursive keys as (${keysWhere('enqueued_at is not null')})
       select queue, count(*) as jobs from keys
       cross join lateral (select queue from jobs where id = ${releasedOf('keys.order_key')} limit 1) head group by queue),
     oldest as (
       with recursive keys as (${keysWhere(PENDING)})
       select queue, min(run_at) as run_at from keys
       cross join lateral (select queue, run_at from jobs where id = ${pendingOf('keys.order_key')} limit 1) head group by queue)
     select queue, inserted::float8, closed::float8, failed::float8,
       ${countsRows ? ROWS : '(inserted - closed - failed)'}::float8 as open,
       (inserted - closed - failed - coalesce(released.jobs, 0))::float8 as pending,
       dead::float8,
       coalesce(greatest(extract(epoch from now() - oldest.run_at), 0), 0)::float8 as pending_age_seconds
     from counted left join released using (queue) left join oldest using (queue)`,
  );
  return Object.fromEntries(rows.map(({ queue, ...counts }) => [queue, counts]));
}

/** Adds up the counts of connections that are gone; part of the caller's transaction. Returns how many rows went. */
export async function foldJobCounts(tx: Queryable): Promise<number> {
  const rows = await tx.query(
    `with gone as (
       delete from job_counts where connection <> 0 and connection not in (select pid from pg_stat_activity)
       returning queue, inserted, closed, failed, dead),
     sums as (
       select queue, sum(inserted) as inserted, sum(closed) as closed, sum(failed) as failed, sum(dead) as dead
       from gone group by queue)
     insert into job_counts as counts (queue, connection, inserted, closed, failed, dead)
     select queue, 0, inserted, closed, failed, dead from sums
     on conflict (queue, connection) do update set
       inserted = counts.inserted + excluded.inserted,
       closed = counts.closed + excluded.closed,
       failed = counts.failed + excluded.failed,
       dead = counts.dead + excluded.dead
     returning 1`,
  );
  return rows.length;
}
