import type { Queryable } from './database.ts';

/** A job as it is written, in the transaction that gives rise to it. */
export interface NewJob {
  queue: string;
  /** Jobs of one key run one at a time, in the order in which they were written. */
  orderKey: string;
  payload: Readonly<Record<string, unknown>>;
  businessId?: string | undefined;
  /** The message that it answers or sends: there is one job for it, which is deleted with it, and it fails as the job does. */
  messageId?: string | undefined;
  /** W3C `traceparent` of what it follows from. */
  trace?: string | undefined;
  /** Not before; unset: at once. */
  runAt?: Date | undefined;
}

/** What BullMQ is told of a job whose turn has come. */
export interface ReleasedJob {
  id: string;
  /** How often it was released: an older number belongs to a job that was lost, or that ended. */
  release: number;
  queue: string;
  payload: Readonly<Record<string, unknown>>;
  trace: string | null;
  /** Workers that had died while they ran it. */
  worker_deaths: number;
}

/** A released job, by the release that it runs under. */
export interface JobRef {
  id: string;
  release: number;
}

export interface JobRow extends ReleasedJob {
  order_key: string;
  attempts: number;
  child_deaths: number;
  replays: number;
  /** Why it failed for good; `null` while it has not. */
  failure: string | null;
  /** Since it was due, by PostgreSQL's clock. */
  age_ms: number;
  /** Since it was released, by the same. */
  released_ms: number;
}

const RELEASED = `jobs.id::text as id, jobs.release, jobs.queue, jobs.payload, jobs.trace, jobs.worker_deaths`;
export const PENDING = 'enqueued_at is null and failed_at is null and not is_delayed';

// The id of a key's first row of an index, or null. Written so that a walk along that index is the cheapest plan whatever the planner
// knows of the table: for `order_key = ...` it reads all of it where it believes that most rows are of that key.
export const releasedOf = (key: string): string =>
  `(select jobs.id from jobs where enqueued_at is not null and jobs.order_key >= ${key} and jobs.order_key <= ${key}
    order by jobs.order_key limit 1)`;
export const pendingOf = (key: string): string =>
  `(select jobs.id from jobs where ${PENDING} and (jobs.order_key, jobs.id) >= (${key}, 0) and jobs.order_key <= ${key}
    order by jobs.order_key, jobs.id limit 1)`;
/** A recursive query: the keys that have rows of an index, one step along it for each. */
export const keysWhere = (condition: string): string =>
  `(select order_key from jobs where ${condition} order by order_key limit 1)
   union all
   select (select order_key from jobs where ${condition} and order_key > keys.order_key order by order_key limit 1)
   from keys where keys.order_key is not null`;
/** Locks the released row of the key $n; none where it ends meanwhile. */
const lockReleased = (key: string): string =>
  `select id from jobs where id = ${releasedOf(key)} and enqueued_at is not null for share`;

/**
 * Writes a job. It is released at once where no other of its key is open; else it waits for its turn.
 *
 * @returns what was released: this job, or an older one of its key that a process left pending
 */
export async function addJob(tx: Queryable, job: NewJob): Promise<ReleasedJob | undefined> {
  const { orderKey, messageId } = job;
  const values = [
    job.queue,
    orderKey,
    job.businessId,
    messageId,
    JSON.stringify(job.payload),
    job.trace,
    job.runAt,
  ];
  for (;;) {
    // The lock on the job ahead makes whoever closes it wait, and look for the next one afterwards: that finds this row.
    const [added] = await tx.query<ReleasedJob & { is_released: boolean; needs_no_turn: boolean }>(
      `with ahead as materialized (${lockReleased('$2')}),
         turn as (select coalesce($7::timestamptz <= now(), true) and not exists (select from ahead)
           and ${pendingOf('$2')} is null as is_free)
       insert into jobs (queue, order_key, business_id, message_id, payload, trace, run_at, is_delayed, enqueued_at, release)
       select $1, $2, $3, $4, $5, $6, coalesce($7, now()), coalesce($7 > now(), false),
         case when is_free then now() end, case when is_free then 1 else 0 end
       from turn
       on conflict do nothing
       returning ${RELEASED}, enqueued_at is not null as is_released, is_delayed or exists (select from ahead) as needs_no_turn`,
      values,
    );
    if (added) {
      const { is_released: isReleased, needs_no_turn: needsNoTurn, ...released } = added;
      if (isReleased) return released;
      return needsNoTurn ? undefined : takeTurn(tx, orderKey);
    }
    const [known] =
      messageId === undefined ? [] : await tx.query('select 1 from jobs where message_id = $1', [messageId]);
    if (known) return undefined;
    // Another job of the key was released in this moment: now it is seen.
  }
}

/** For a row that was written pending without a lock on the job ahead: locks that, or releases the oldest of the key. */
async function takeTurn(tx: Queryable, orderKey: string): Promise<ReleasedJob | undefined> {
  for (;;) {
    const [ahead] = await tx.query(lockReleased('$1'), [orderKey]);
    if (ahead) return undefined;
    const [released] = await releaseNext(tx, [orderKey]);
    if (released) return released;
  }
}

export async function findJob(q: Queryable, id: string): Promise<JobRow | undefined> {
  const [row] = await q.query<JobRow>(
    `select ${RELEASED}, order_key, attempts, child_deaths, replays, failure,
       (extract(epoch from now() - run_at) * 1000)::float8 as age_ms,
       coalesce(extract(epoch from now() - enqueued_at) * 1000, 0)::float8 as released_ms
     from jobs where id = $1`,
    [id],
  );
  return row;
}

/**
 * Deletes jobs that are done, in the transaction that makes them so, and releases the next of their keys.
 *
 * @returns the ids of those that were there, and what was released
 */
export async function closeJobs(
  tx: Queryable,
  jobs: readonly JobRef[],
): Promise<{ closed: Set<string>; released: ReleasedJob[] }> {
  const rows = await tx.query<{ id: string; order_key: string }>(
    `delete from jobs using unnest($1::bigint[], $2::integer[]) as done (id, release)
     where jobs.id = done.id and jobs.release = done.release and failed_at is null
     returning jobs.id::text as id, order_key`,
    [jobs.map(({ id }) => id), jobs.map(({ release }) => release)],
  );
  // Nobody else releases one of these keys before this transaction ends: no attempt can fail.
  const released = await releaseOldest(
    tx,
    rows.map(({ order_key: key }) => key),
  );
  return { closed: new Set(rows.map(({ id }) => id)), released };
}

/**
 * Releases the oldest job that is due of each key that has none released. Nothing where another transaction released one of these keys
 * in this moment: the releaser looks again.
 */
export async function releaseNext(tx: Queryable, orderKeys: readonly string[]): Promise<ReleasedJob[]> {
  return unlessReleased(tx, () => releaseOldest(tx, orderKeys));
}

/** A statement of its own: it sees what was committed last. */
async function releaseOldest(tx: Queryable, orderKeys: readonly string[]): Promise<ReleasedJob[]> {
  if (orderKeys.length === 0) return [];
  // A row that this waited for may have failed meanwhile.
  return tx.query<ReleasedJob>(
    `update jobs set enqueued_at = now(), release = release + 1
     where enqueued_at is null and failed_at is null and id in (
       select ${pendingOf('key')} from (select distinct unnest($1::text[]) as key) keys where ${releasedOf('key')} is null)
     returning ${RELEASED}`,
    [orderKeys],
  );
}

const UNIQUE_VIOLATION = '23505';

/** A job that another transaction adds, or replays, and releases is not seen before its commit: the index of the released tells. */
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

/** Any number that nobody else takes; the same in every build. */
const RELEASE_LOCK = 4_712_090_003;

/**
 * Releases what waits although it is its turn: delayed jobs that are due, and those that a process left which died after its commit.
 * Steps from key to key by the index, so that a long backlog of one key costs no more than a short one. One caller at a time; the
 * others release nothing.
 */
export async function releaseDue(
  tx: Queryable,
  { queues, limit }: { queues: readonly string[]; limit: number },
): Promise<ReleasedJob[]> {
  const [turn] = await tx.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [
    RELEASE_LOCK,
  ]);
  if (turn?.mine !== true) return [];
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
       limit $2)
     update jobs set enqueued_at = now(), release = release + 1
     where enqueued_at is null and failed_at is null and id in (select id from due)
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

/** Releases jobs anew that BullMQ has lost; those that have ended, or were released since, are passed over. */
export async function releaseAgain(tx: Queryable, jobs: readonly JobRef[]): Promise<ReleasedJob[]> {
  return tx.query<ReleasedJob>(
    `update jobs set enqueued_at = now(), release = jobs.release + 1
     from unnest($1::bigint[], $2::integer[]) as lost (id, release)
     where jobs.id = lost.id and jobs.release = lost.release and enqueued_at is not null
     returning ${RELEASED}`,
    [jobs.map(({ id }) => id), jobs.map(({ release }) => release)],
  );
}

/** Notes how many workers have died while they ran a job; a number below the one that is known changes nothing. */
export async function recordWorkerDeaths(
  q: Queryable,
  { id, release }: JobRef,
  deaths: number,
): Promise<void> {
  await q.query(
    'update jobs set worker_deaths = $3 where id = $1 and release = $2 and worker_deaths < $3 and failed_at is null',
    [id, release, deaths],
  );
}

/** Notes that the process of its own died that ran a job; returns how many did. */
export async function recordChildDeath(q: Queryable, { id, release }: JobRef): Promise<number> {
  const [row] = await q.query<{ child_deaths: number }>(
    `update jobs set child_deaths = child_deaths + 1 where id = $1 and release = $2 and failed_at is null
     returning child_deaths`,
    [id, release],
  );
  return row?.child_deaths ?? 0;
}
