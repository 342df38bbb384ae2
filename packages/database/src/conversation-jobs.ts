import type { Queryable } from './database.ts';
import type { FailedAttempt } from './job-failure-repository.ts';

/** A job that a conversation waits for. */
export interface OpenJob {
  id: string;
  release: number;
  queue: string;
  message_id: string | null;
  attempts: number;
  worker_deaths: number;
  child_deaths: number;
  is_released: boolean;
  is_delayed: boolean;
  run_at: Date;
  last_failure: FailedAttempt | null;
  created_at: Date;
  /** Of its key: this one and those behind it. */
  jobs: number;
}

/** The jobs of a conversation, by their order key: incoming messages in one line, outgoing ones in another. */
export const orderKeys = {
  inbound: (conversationId: string): string => `in:${conversationId}`,
  outbound: (conversationId: string): string => `out:${conversationId}`,
} as const;

/** The first job of each line of a conversation: the one that is released, or the one whose turn is next. */
export async function listHeadJobs(q: Queryable, conversationId: string): Promise<OpenJob[]> {
  return q.query(
    `select distinct on (order_key) id::text as id, release, queue, message_id, attempts, worker_deaths, child_deaths,
       enqueued_at is not null as is_released, is_delayed, run_at, failures -> -1 as last_failure, created_at,
       count(*) over (partition by order_key)::integer as jobs
     from jobs where order_key = any($1) and failed_at is null
     order by order_key, enqueued_at is null, is_delayed, jobs.id`,
    [[orderKeys.inbound(conversationId), orderKeys.outbound(conversationId)]],
  );
}

/** An open job by its id, for whoever wants to end it. */
export async function findOpenJob(
  q: Queryable,
  id: string,
): Promise<{ id: string; release: number; queue: string; is_released: boolean } | undefined> {
  const [row] = await q.query<{ id: string; release: number; queue: string; is_released: boolean }>(
    `select id::text as id, release, queue, enqueued_at is not null as is_released from jobs
     where id = $1 and failed_at is null`,
    [id],
  );
  return row;
}
