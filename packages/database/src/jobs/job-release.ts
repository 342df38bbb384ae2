import type { Queryable } from '../database.ts';

/** A job that is handed to BullMQ. */
export interface ReleasedJob {
  id: string;
  /** How often it was released. A BullMQ job with an older number is stale. */
  release: number;
  queue: string;
  payload: Readonly<Record<string, unknown>>;
  trace: string | null;
  /** Workers that had died while they ran it. */
  worker_deaths: number;
  /** PostgreSQL's time when it was released or read, Unix ms. */
  read_ms: number;
}

/** Identifies one release of a job. */
export interface JobRef {
  id: string;
  release: number;
}

export const RELEASED = `jobs.id::text as id, jobs.release, jobs.queue, jobs.payload, jobs.trace, jobs.worker_deaths, (extract(epoch from now()) * 1000)::float8 as read_ms`;
export const PENDING = 'enqueued_at is null and failed_at is null and not is_delayed';

// SQL: id of a key's first row in an index, or null. The range conditions make a walk along the index the cheapest plan, whatever
// the statistics say. With `order_key = ...`, the planner reads the whole table if it believes that most rows have this key.
export const releasedOf = (key: string): string =>
  `(select jobs.id from jobs where enqueued_at is not null and jobs.order_key >= ${key} and jobs.order_key <= ${key}
    order by jobs.order_key limit 1)`;
export const pendingOf = (key: string): string =>
  `(select jobs.id from jobs where ${PENDING} and (jobs.order_key, jobs.id) >= (${key}, 0) and jobs.order_key <= ${key}
    order by jobs.order_key, jobs.id limit 1)`;
/** A recursive query for the distinct order keys of the rows that match `condition`: one index lookup per key. */
export const keysWhere = (condition: string): string =>
  `(select order_key from jobs where ${condition} order by order_key limit 1)
   union all
   select (select order_key from jobs where ${condition} and order_key > keys.order_key order by order_key limit 1)
   from keys where keys.order_key is not null`;
/** Locks the released row of a key. Returns no row if that job ends meanwhile. */
export const lockReleased = (key: string): string =>
  `select id from jobs where id = ${releasedOf(key)} and enqueued_at is not null for share`;

/**
 * Releases the next job of each key as `releaseNext` does, but releases nothing if another transaction releases one of these keys at
 * the same moment: the periodic releaser retries.
 */
export async function tryReleaseNext(tx: Queryable, orderKeys: readonly string[]): Promise<ReleasedJob[]> {
  return unlessReleased(tx, () => releaseNext(tx, orderKeys));
}

/**
 * Releases the oldest due job of each key without a released one. Fails with a unique violation if another transaction releases one of
 * these keys. A separate statement, so that it sees the latest commits; it locks rows by ascending id, like all statements that lock several.
 */
export async function releaseNext(tx: Queryable, orderKeys: readonly string[]): Promise<ReleasedJob[]> {
  if (orderKeys.length === 0) return [];
  // Checks `failed_at` again, because a row may have failed while this waited for its lock.
  return tx.query<ReleasedJob>(
    `with due as materialized (
       select id from jobs where enqueued_at is null and failed_at is null and id in (
         select ${pendingOf('key')} from (select distinct unnest($1::text[]) as key) keys where ${releasedOf('key')} is null)
       order by jobs.id for update)
     update jobs set enqueued_at = now(), release = release + 1 from due where jobs.id = due.id
     returning ${RELEASED}`,
    [orderKeys],
  );
}

const UNIQUE_VIOLATION = '23505';

/**
 * Returns no jobs if a concurrent transaction releases a job of the same key. Its rows are invisible before its commit; the unique
 * index of released jobs reveals them.
 */
async function unlessReleased(tx: Queryable, release: () => Promise<ReleasedJob[]>): Promise<ReleasedJob[]> {
  await tx.query('savepoint release');
  try {
    const released = await release();
    await tx.query('release savepoint release');
    return released;
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    await tx.query('rollback to savepoint release');
    return [];
  }
}

/** Advisory lock; an arbitrary number, the same in every build. */
const RELEASE_LOCK = 4_712_090_003;

/**
 * Releases jobs that are due but pending: delayed jobs, and jobs whose process died after its commit. Walks the index key by key, so
 * that a long backlog of one key costs no more than a short one. One caller at a time; the others release nothing.
 */
export async function releaseDue(
  tx: Queryable,
  { queues, limit }: { queues: readonly string[]; limit: number },
): Promise<ReleasedJob[]> {
  const [lock] = await tx.query<{ is_mine: boolean }>('select pg_try_advisory_xact_lock($1) as is_mine', [
    RELEASE_LOCK,
  ]);
  if (lock?.is_mine !== true) return [];
  await tx.query(
    `update jobs set is_delayed = false where id in (
       select id from jobs where is_delayed and failed_at is null and run_at <= now()
       order by run_at limit $1 for update skip locked)`,
    [limit],
  );
  const release = (): Promise<ReleasedJob[]> =>
    tx.query<ReleasedJob>(
      `with recursive keys as (${keysWhere(PENDING)}),
     due as (
       select head.id from keys
       cross join lateral (select id, queue from jobs where id = ${pendingOf('keys.order_key')} limit 1) head
       where head.queue = any($1) and ${releasedOf('keys.order_key')} is null
       limit $2),
     locked as materialized (
       select id from jobs where enqueued_at is null and failed_at is null and id in (select id from due)
       order by jobs.id for update)
     update jobs set enqueued_at = now(), release = release + 1 from locked where jobs.id = locked.id
     returning ${RELEASED}`,
      [queues, limit],
    );
  return unlessReleased(tx, release);
}

/** Jobs that were released more than `seconds` ago, in pages by `afterId`. */
export async function listReleased(
  q: Queryable,
  options: { queues: readonly string[]; seconds: number; afterId: string; limit: number },
): Promise<(JobRef & { queue: string })[]> {
  return q.query(
    `select id::text as id, release, queue from jobs
     where enqueued_at < now() - make_interval(secs => $2) and queue = any($1) and id > $3::bigint
     order by jobs.id limit $4`,
    [options.queues, options.seconds, options.afterId, options.limit],
  );
}

/** Releases again jobs that BullMQ lost. Skips those that ended or were released since. */
export async function releaseLostJobs(tx: Queryable, jobs: readonly JobRef[]): Promise<ReleasedJob[]> {
  return tx.query<ReleasedJob>(
    `update jobs set enqueued_at = now(), release = jobs.release + 1
     from unnest($1::bigint[], $2::integer[]) as lost (id, release)
     where jobs.id = lost.id and jobs.release = lost.release and enqueued_at is not null
     returning ${RELEASED}`,
    [jobs.map(({ id }) => id), jobs.map(({ release }) => release)],
  );
}
