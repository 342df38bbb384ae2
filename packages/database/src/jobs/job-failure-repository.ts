import type { Queryable } from '../database.ts';
import { type JobRef, type ReleasedJob, tryReleaseNext } from './job-release.ts';

/** One attempt of a job that failed. */
export interface FailedAttempt {
  attempt: number;
  /** The code and text of the error, never a stack. */
  error: string;
  failed_at: string;
  /** How long it ran. */
  ran_ms: number;
  /** Instance id of the worker. */
  worker: string;
}

/** Number of failed attempts that are kept per job: the last ones. */
const ATTEMPTS_KEPT = 20;

/** SQL: `failures` with the attempts in `added` appended, cut to the last `ATTEMPTS_KEPT`. */
const withLast = (added: string): string =>
  `jsonb_path_query_array(failures || ${added}::jsonb, '$[last - ${ATTEMPTS_KEPT - 1} to last]')`;

/** Records a failed attempt. The job stays released and is tried again. */
export async function recordFailedAttempt(
  q: Queryable,
  { id, release }: JobRef,
  attempt: FailedAttempt,
): Promise<void> {
  await q.query(
    `update jobs set attempts = attempts + 1, failures = ${withLast('$3')}
     where id = $1 and release = $2 and failed_at is null`,
    [id, release, JSON.stringify([attempt])],
  );
}

/**
 * Moves jobs to the dead letter, fails their messages, and releases the next job of each order key. Skips jobs that have ended or
 * were released again since. `attempt`: the last attempt, if it is to be recorded too.
 *
 * @returns the number of failed jobs, the ids of their messages, and the released jobs
 */
export async function failJobs(
  tx: Queryable,
  jobs: readonly JobRef[],
  failure: string,
  attempt?: FailedAttempt,
): Promise<{ failed: number; messages: string[]; released: ReleasedJob[] }> {
  await lockMessagesAndJobs(tx, jobs);
  const rows = await tx.query<{ order_key: string; message_id: string | null }>(
    `update jobs set failed_at = now(), enqueued_at = null, is_delayed = false, failure = $3,
       attempts = attempts + jsonb_array_length($4::jsonb), failures = ${withLast('$4')}
     from unnest($1::bigint[], $2::integer[]) as dead (id, release)
     where jobs.id = dead.id and jobs.release = dead.release and failed_at is null
     returning order_key, message_id`,
    [
      jobs.map(({ id }) => id),
      jobs.map(({ release }) => release),
      failure,
      JSON.stringify(attempt === undefined ? [] : [attempt]),
    ],
  );
  const messages = rows.flatMap(({ message_id: id }) => (id === null ? [] : [id]));
  await failMessages(tx, messages, failure);
  const released = await tryReleaseNext(
    tx,
    rows.map(({ order_key: key }) => key),
  );
  return { failed: rows.length, messages, released };
}

/** Locks messages, then jobs, each by ascending id, as every other transaction does: this prevents deadlocks. */
export async function lockMessagesAndJobs(tx: Queryable, jobs: readonly { id: string }[]): Promise<void> {
  const ids = jobs.map(({ id }) => id);
  await tx.query(
    `select from messages where id in (select message_id from jobs where id = any($1::bigint[])) order by id for update`,
    [ids],
  );
  await tx.query(`select from jobs where id = any($1::bigint[]) order by id for update`, [ids]);
}

async function failMessages(tx: Queryable, ids: readonly string[], error: string): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update messages set status = 'failed', error = $2
     where id = any($1::uuid[]) and status not in ('answered', 'waiting_for_person', 'ignored', 'sent', 'failed', 'undelivered')`,
    [ids, error],
  );
}

/** Open jobs of a queue that are not released to BullMQ, due or not, oldest first. */
export async function listUnreleased(
  q: Queryable,
  { queue, limit }: { queue: string; limit: number },
): Promise<JobRef[]> {
  return q.query(
    `select id::text as id, release from jobs
     where queue = $1 and enqueued_at is null and failed_at is null order by jobs.id limit $2`,
    [queue, limit],
  );
}
