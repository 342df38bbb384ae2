import type { Queryable } from '../database.ts';
import type { FailedAttempt } from './job-failure-repository.ts';
import { PENDING, pendingOf, releasedOf } from './job-release.ts';

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
  /** Due jobs with the same order key, this one included, counted up to 1000; 0 for a delayed job. */
  jobs: number;
}

/** Order keys by what must stay in order. Inbound and outbound messages of a conversation are two separate sequences. */
export const orderKeys = {
  inbound: (conversationId: string): string => `in:${conversationId}`,
  outbound: (conversationId: string): string => `out:${conversationId}`,
  notice: (noticeId: string): string => `notice:${noticeId}`,
} as const;

/** Maximum number of jobs that are counted per key. */
const MAX_COUNTED = 1000;
const delayedOf = (key: string): string =>
  `(select jobs.id from jobs where is_delayed and jobs.order_key >= ${key} and jobs.order_key <= ${key}
    order by jobs.order_key, jobs.run_at limit 1)`;

/** The first job of each of a conversation's two sequences of messages: the released one, else the next one. */
export async function listHeadJobs(q: Queryable, conversationId: string): Promise<OpenJob[]> {
  return q.query(
    `select id::text as id, release, queue, message_id, attempts, worker_deaths, child_deaths,
       enqueued_at is not null as is_released, is_delayed, run_at, failures -> -1 as last_failure, created_at,
       case when enqueued_at is null then 0 else 1 end + (select count(*)::integer from (
         select 1 from jobs where ${PENDING} and (jobs.order_key, jobs.id) >= (key, 0) and jobs.order_key <= key
         order by jobs.order_key, jobs.id limit ${MAX_COUNTED}) pending) as jobs
     from unnest($1::text[]) as key
     join jobs on id = coalesce(${releasedOf('key')}, ${pendingOf('key')}, ${delayedOf('key')})
     order by order_key`,
    [[orderKeys.inbound(conversationId), orderKeys.outbound(conversationId)]],
  );
}
