import type { ConversationRow } from './conversation-repository.ts';
import type { Queryable } from './database.ts';
import type { MessageRow } from './message-repository.ts';

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
  /** Null where it is about none. */
  message: JobMessage | null;
}

/** The message that a job answers or sends, with its conversation. */
export interface JobMessage extends Pick<
  MessageRow,
  'id' | 'seq' | 'business_id' | 'conversation_id' | 'session_id' | 'status' | 'text'
> {
  conversation: Pick<ConversationRow, 'contact' | 'handed_off_at' | 'opted_out_at'>;
}

const RELEASED = `jobs.id::text as id, jobs.release, jobs.queue, jobs.payload, jobs.trace, jobs.worker_deaths`;
const PENDING = 'enqueued_at is null and failed_at is null and not is_delayed';

/** Writes a job. It is released at once where no other of its key is open; else undefined, and it waits for its turn. */
export async function addJob(tx: Queryable, job: NewJob): Promise<ReleasedJob | undefined> {
  const values = [
    job.queue,
    job.orderKey,
    job.businessId,
    job.messageId,
    JSON.stringify(job.payload),
    job.trace,
    job.runAt,
  ];
  // The lock on the job ahead makes whoever closes it wait, and look for the next one afterwards: that finds this row.
  const [added] = await tx.query<ReleasedJob & { is_released: boolean }>(
    `with ahead as materialized (select id from jobs where order_key = $2 and enqueued_at is not null for share),
       turn as (select coalesce($7::timestamptz <= now(), true) and not exists (select from ahead)
         and not exists (select from jobs where order_key = $2 and ${PENDING}) as is_free)
     insert into jobs (queue, order_key, business_id, message_id, payload, trace, run_at, is_delayed, enqueued_at, release)
     select $1, $2, $3, $4, $5, $6, coalesce($7, now()), coalesce($7 > now(), false),
       case when is_free then now() end, case when is_free then 1 else 0 end
     from turn
     on conflict do nothing
     returning ${RELEASED}, enqueued_at is not null as is_released`,
    values,
  );
  if (added) {
    const { is_released: isReleased, ...released } = added;
    return isReleased ? released : undefined;
  }
  // The message has its job, or another job of the key was released in this moment.
  await tx.query(
    `insert into jobs (queue, order_key, business_id, message_id, payload, trace, run_at, is_delayed)
     values ($1, $2, $3, $4, $5, $6, coalesce($7, now()), coalesce($7 > now(), false))
     on conflict (message_id) where message_id is not null do nothing`,
    values,
  );
  return undefined;
}

/** With its message: whoever does the job needs both. */
export async function findJob(q: Queryable, id: string): Promise<JobRow | undefined> {
  const [row] = await q.query<FlatJobRow>(
    `select ${RELEASED}, order_key, attempts, child_deaths, replays, failure,
       (extract(epoch from now() - run_at) * 1000)::float8 as age_ms,
       coalesce(extract(epoch from now() - enqueued_at) * 1000, 0)::float8 as released_ms,
       messages.id as message_id, messages.seq::text as seq, messages.business_id, messages.conversation_id,
       messages.session_id, messages.status, messages.text, contact, handed_off_at, opted_out_at
     from jobs left join messages on messages.id = message_id
       left join conversations on conversations.id = messages.conversation_id
     where jobs.id = $1`,
    [id],
  );
  if (row === undefined) return undefined;
  const { message_id, seq, business_id, conversation_id, session_id, status, text, ...rest } = row;
  const { contact, handed_off_at, opted_out_at, ...job } = rest;
  if (message_id === null) return { ...job, message: null };
  const conversation = { contact, handed_off_at, opted_out_at };
  const message = {
    id: message_id,
    seq,
    business_id,
    conversation_id,
    session_id,
    status,
    text,
    conversation,
  };
  return { ...job, message };
}

type FlatJobRow = Omit<JobRow, 'message'> &
  Omit<JobMessage, 'id' | 'conversation'> &
  JobMessage['conversation'] & { message_id: string | null };

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
  const released = await releaseNext(
    tx,
    rows.map(({ order_key: key }) => key),
  );
  return { closed: new Set(rows.map(({ id }) => id)), released };
}

/** Releases the oldest job that is due of each key that has none released. A statement of its own: it sees what was committed last. */
export async function releaseNext(tx: Queryable, orderKeys: readonly string[]): Promise<ReleasedJob[]> {
  if (orderKeys.length === 0) return [];
  return tx.query<ReleasedJob>(
    `update jobs set enqueued_at = now(), release = release + 1
     where enqueued_at is null and id in (
       select (select id from jobs where order_key = key and ${PENDING} order by order_key, id limit 1)
       from (select distinct unnest($1::text[]) as key) keys
       where not exists (select from jobs where order_key = key and enqueued_at is not null))
     returning ${RELEASED}`,
    [orderKeys],
  );
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
  return tx.query<ReleasedJob>(
    `with recursive keys as (
       (select order_key from jobs where ${PENDING} order by order_key limit 1)
       union all
       select (select order_key from jobs where ${PENDING} and order_key > keys.order_key order by order_key limit 1)
       from keys where keys.order_key is not null),
     due as (
       select head.id from keys
       cross join lateral (
         select id, queue from jobs where order_key = keys.order_key and ${PENDING} order by order_key, id limit 1) head
       where head.queue = any($1)
         and not exists (select from jobs where order_key = keys.order_key and enqueued_at is not null)
       limit $2)
     update jobs set enqueued_at = now(), release = release + 1
     where enqueued_at is null and failed_at is null and id in (select id from due)
     returning ${RELEASED}`,
    [queues, limit],
  );
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
