import type { Database } from '@prosaas/database';

/** PostgreSQL's counts of a queue's jobs, and the existing rows. */
export interface QueueRows {
  inserted: number;
  closed: number;
  failed: number;
  open: number;
  dead: number;
}

export interface Rows {
  queues: Record<string, QueueRows>;
  /** Messages whose status contradicts their job: only one of the two is open or failed. */
  inconsistent: number;
}

/** Reads all counts in one snapshot. */
export async function readRows(db: Database): Promise<Rows> {
  const [row] = await db.query<Rows>(
    `select (
       select coalesce(json_object_agg(queue, counted), '{}') from (
         select queue, sum(inserted) as inserted, sum(closed) as closed, sum(failed) as failed,
           (select count(*) from jobs where queue = counts.queue and failed_at is null) as open,
           (select count(*) from jobs where queue = counts.queue and failed_at is not null) as dead
         from job_counts counts group by queue) counted) as queues,
       (select count(*)::integer from messages full join jobs on jobs.message_id = messages.id
         where coalesce(messages.id, jobs.message_id) is not null
           and case when messages.status in ('received', 'queued') then 'open'
             when messages.status = 'failed' then 'failed' else 'none' end
             <> case when jobs.id is null then 'none' when jobs.failed_at is null then 'open' else 'failed' end) as inconsistent`,
  );
  return row!;
}
