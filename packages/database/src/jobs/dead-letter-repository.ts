import type { Queryable } from '../database.ts';
import { type FailedAttempt, lockMessagesAndJobs } from './job-failure-repository.ts';
import { type ReleasedJob, tryReleaseNext } from './job-release.ts';

/** A job in the dead letter, with what a person needs to decide on a replay. */
export interface DeadJob {
  id: string;
  queue: string;
  business_id: string | null;
  message_id: string | null;
  payload: unknown;
  reason: string;
  attempts: number;
  /** The last failed attempts, oldest first. */
  failures: FailedAttempt[];
  /** W3C `traceparent`. */
  trace: string | null;
  replays: number;
  created_at: Date;
  failed_at: Date;
}

/** An unset field matches every job. */
export interface DeadJobFilter {
  queue?: string | undefined;
  businessId?: string | undefined;
  /** Text in the reason, case-insensitive. */
  contains?: string | undefined;
  /** The part of the reason before the first colon: the `code` of a `DeadJobGroup`. */
  code?: string | undefined;
  /** Inclusive. */
  failedAfter?: Date | undefined;
  failedBefore?: Date | undefined;
}

const COLUMNS = `id::text as id, queue, business_id, message_id, payload, coalesce(failure, 'unknown') as reason, attempts,
  failures, trace, replays, created_at, failed_at`;

/** SQL: the code of a reason. The code of `SEND_REFUSED: no such chat` is `SEND_REFUSED`. */
const CODE = `left(split_part(coalesce(failure, 'unknown'), ':', 1), 100)`;

const MATCHES = `failed_at is not null and ($1::text is null or queue = $1) and ($2::text is null or business_id = $2)
  and ($3::text is null or strpos(lower(failure), lower($3)) > 0)
  and ($4::timestamptz is null or failed_at >= $4) and ($5::timestamptz is null or failed_at <= $5)
  and ($6::text is null or ${CODE} = $6)`;

const valuesOf = (filter: DeadJobFilter): unknown[] => [
  filter.queue,
  filter.businessId,
  filter.contains,
  filter.failedAfter,
  filter.failedBefore,
  filter.code,
];

export async function findDeadJob(
  q: Queryable,
  { id, businessId }: { id: string; businessId?: string | undefined },
): Promise<DeadJob | undefined> {
  const [row] = await q.query<DeadJob>(
    `select ${COLUMNS} from jobs where id = $1 and failed_at is not null and ($2::text is null or business_id = $2)`,
    [id, businessId],
  );
  return row;
}

/** Where a page ended: the last job's time of failure, as PostgreSQL writes it, and its id. */
export interface DeadJobPosition {
  failedAt: string;
  id: string;
}

/** Newest first. */
export async function listDeadJobs(
  q: Queryable,
  filter: DeadJobFilter,
  { before, limit }: { before: DeadJobPosition | undefined; limit: number },
): Promise<(DeadJob & { position: string })[]> {
  return q.query(
    `select ${COLUMNS}, failed_at::text as position from jobs
     where ${MATCHES} and ($7::text is null or (failed_at, jobs.id) < ($7::timestamptz, $8::bigint))
     order by jobs.failed_at desc, jobs.id desc limit $9`,
    [...valuesOf(filter), before?.failedAt, before?.id, limit],
  );
}

export interface DeadJobGroup {
  code: string;
  count: number;
  /** The first and the last failure, rounded outwards to milliseconds, so that the range contains the whole group. */
  oldest: Date;
  newest: Date;
  /** The newest job of the group. */
  example_id: string;
  example_reason: string;
}

/** Failed jobs by the code of their reason, the most frequent first. */
export async function groupDeadJobs(
  q: Queryable,
  filter: DeadJobFilter,
  { limit }: { limit: number },
): Promise<{ groups: DeadJobGroup[]; leftOff: number }> {
  const rows = await q.query<DeadJobGroup & { groups: number }>(
    `select ${CODE} as code, count(*)::integer as count, date_trunc('milliseconds', min(failed_at)) as oldest,
       date_trunc('milliseconds', max(failed_at) + interval '999 microseconds') as newest,
       (array_agg(id::text order by failed_at desc, jobs.id desc))[1] as example_id,
       (array_agg(coalesce(failure, 'unknown') order by failed_at desc, jobs.id desc))[1] as example_reason,
       count(*) over ()::integer as groups
     from jobs where ${MATCHES} group by ${CODE} order by count desc, code limit $7`,
    [...valuesOf(filter), limit],
  );
  return {
    groups: rows.map(({ groups: _all, ...group }) => group),
    leftOff: (rows[0]?.groups ?? 0) - rows.length,
  };
}

/** Counts the matching jobs and returns the ids of the first `limit` of them, in the order in which the jobs were added. */
export async function selectDeadJobs(
  q: Queryable,
  filter: DeadJobFilter,
  limit: number,
): Promise<{ matched: number; ids: string[] }> {
  const rows = await q.query<{ matched: number; id: string }>(
    `select id::text as id, count(*) over ()::integer as matched from jobs where ${MATCHES} order by jobs.id limit $7`,
    [...valuesOf(filter), limit],
  );
  return { matched: rows[0]?.matched ?? 0, ids: rows.map(({ id }) => id) };
}

/**
 * Makes failed jobs pending again, each after its delay, and reopens their messages. Skips jobs that are gone or replayed already,
 * and those whose message is not `failed`.
 *
 * @returns the ids of the replayed jobs, and the released jobs
 */
export async function replayDeadJobs(
  tx: Queryable,
  jobs: readonly { id: string; delaySeconds: number }[],
): Promise<{ replayed: Set<string>; released: ReleasedJob[] }> {
  await lockMessagesAndJobs(tx, jobs);
  const rows = await tx.query<{ id: string; order_key: string; message_id: string | null }>(
    `update jobs set failed_at = null, failure = null, attempts = 0, worker_deaths = 0, child_deaths = 0, outlived = 0,
       replays = replays + 1, release = release + 1,
       run_at = now() + make_interval(secs => again.delay), is_delayed = again.delay > 0
     from unnest($1::bigint[], $2::float8[]) as again (id, delay)
     where jobs.id = again.id and failed_at is not null
       and (message_id is null or exists (select from messages where id = message_id and status = 'failed'))
     returning jobs.id::text as id, order_key, message_id`,
    [jobs.map(({ id }) => id), jobs.map(({ delaySeconds }) => delaySeconds)],
  );
  await tx.query(
    `update messages set error = null, status = case direction when 'inbound' then 'received' else 'queued' end
     where id = any($1::uuid[]) and status = 'failed'`,
    [rows.map(({ message_id: id }) => id)],
  );
  const released = await tryReleaseNext(
    tx,
    rows.map(({ order_key: key }) => key),
  );
  return { replayed: new Set(rows.map(({ id }) => id)), released };
}

/** Deletes jobs from the dead letter; their messages stay failed. Returns how many. */
export async function purgeDeadJobs(q: Queryable, ids: readonly string[]): Promise<number> {
  const rows = await q.query(
    'delete from jobs where id = any($1::bigint[]) and failed_at is not null returning 1',
    [ids],
  );
  return rows.length;
}

/** Ids of jobs that failed before `before`, oldest first. */
export async function listExpiredDeadJobs(
  q: Queryable,
  { before, limit }: { before: Date; limit: number },
): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    `select id::text as id from jobs where failed_at < $1 order by failed_at, jobs.id limit $2`,
    [before, limit],
  );
  return rows.map(({ id }) => id);
}

/** Ids of the jobs beyond the limit `most`, oldest first. */
export async function listExcessDeadJobs(
  q: Queryable,
  { most, limit }: { most: number; limit: number },
): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    `select id::text as id from jobs where failed_at is not null order by failed_at, jobs.id
     limit (select least($2, greatest(count(*) - $1, 0)) from jobs where failed_at is not null)`,
    [most, limit],
  );
  return rows.map(({ id }) => id);
}

/** Counts all jobs in the dead letter, and those that failed before `expiringBefore`. */
export async function countDeadJobs(
  q: Queryable,
  { expiringBefore }: { expiringBefore: Date | undefined },
): Promise<{ jobs: number; expiring: number }> {
  const [row] = await q.query<{ jobs: number; expiring: number }>(
    `select (select coalesce(sum(dead), 0) from job_counts)::integer as jobs,
       (select count(*) from jobs where failed_at < $1::timestamptz)::integer as expiring`,
    [expiringBefore],
  );
  return row ?? { jobs: 0, expiring: 0 };
}

/** Number of jobs in the dead letter and the time of the latest failure, of one business or of all (undefined). */
export async function readDeadLetterDepth(
  q: Queryable,
  businessId: string | undefined,
): Promise<{ depth: number; newest: Date | null }> {
  const [row] = await q.query<{ depth: number; newest: Date | null }>(
    businessId === undefined
      ? `select (select coalesce(sum(dead), 0) from job_counts)::integer as depth,
           (select max(failed_at) from jobs where failed_at is not null) as newest`
      : `select count(*)::integer as depth, max(failed_at) as newest from jobs
         where failed_at is not null and business_id = $1`,
    businessId === undefined ? [] : [businessId],
  );
  return row!;
}
