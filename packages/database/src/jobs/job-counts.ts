import type { Queryable } from '../database.ts';
import { PENDING, keysWhere, pendingOf, releasedOf } from './job-release.ts';

/** Counts of one queue in PostgreSQL. In every reading, `inserted = closed + failed + open`. */
export interface JobCounts {
  inserted: number;
  /** Completed, or deleted while open. */
  closed: number;
  failed: number;
  open: number;
  /** Open jobs that are not released to BullMQ. */
  pending: number;
  /** How long the oldest pending job has been due. */
  pending_age_seconds: number;
  /** In the dead letter now. */
  dead: number;
}

const OPEN_ROWS = '(select count(*) from jobs where queue = counted.queue and failed_at is null)';

/**
 * Counts by queue; a queue that never had a job is missing. `countsRows`: counts the rows for `open`, which reads the whole table,
 * instead of deriving it from the other counts. This verifies that the counts add up.
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
       ${countsRows ? OPEN_ROWS : '(inserted - closed - failed)'}::float8 as open,
       (inserted - closed - failed - coalesce(released.jobs, 0))::float8 as pending,
       dead::float8,
       coalesce(greatest(extract(epoch from now() - oldest.run_at), 0), 0)::float8 as pending_age_seconds
     from counted left join released using (queue) left join oldest using (queue)`,
  );
  return Object.fromEntries(rows.map(({ queue, ...counts }) => [queue, counts]));
}

/**
 * Adds the counts of closed connections to one row per queue, in the caller's transaction. Returns the number of queues that had
 * such counts.
 */
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
