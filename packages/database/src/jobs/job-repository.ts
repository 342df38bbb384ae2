import { type ConversationRow, STAFF_OF_CONTACT } from '../conversations/conversation-repository.ts';
import type { Queryable } from '../database.ts';
import {
  type JobRef,
  RELEASED,
  type ReleasedJob,
  lockReleased,
  pendingOf,
  releaseNext,
  releaseOldest,
} from './job-release.ts';
import type { MessageRow } from '../conversations/message-repository.ts';

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

export interface JobRow extends ReleasedJob {
  order_key: string;
  attempts: number;
  child_deaths: number;
  /** Of the workers that died, those that a process of the job's own outlived. */
  outlived: number;
  replays: number;
  /** Its turn has come, and it has not ended. */
  is_released: boolean;
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
  | 'id'
  | 'seq'
  | 'business_id'
  | 'conversation_id'
  | 'session_id'
  | 'status'
  | 'text'
  | 'error'
  | 'address'
  | 'account'
  | 'kind'
  | 'author'
> {
  /** From when it was written, by WhatsApp's clock, until it was stored. */
  late_seconds: number;
  /** An answer of the agent's, or a program's message, whose contact has opted out since it was written. */
  is_unwanted: boolean;
  /** Who of the business' people has the contact's number: her messages are no customer's. */
  staff_id: string | null;
  conversation: Pick<
    ConversationRow,
    'contact' | 'state' | 'state_reason' | 'not_understood' | 'opted_out_at'
  >;
}

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

/** With its message: whoever does the job needs both. */
export async function findJob(q: Queryable, id: string): Promise<JobRow | undefined> {
  const [row] = await q.query<FlatJobRow>(
    `select ${RELEASED}, order_key, attempts, child_deaths, outlived, replays, failure, enqueued_at is not null as is_released,
       (extract(epoch from now() - run_at) * 1000)::float8 as age_ms,
       coalesce(extract(epoch from now() - enqueued_at) * 1000, 0)::float8 as released_ms,
       messages.id as message_id, messages.seq::text as seq, messages.business_id, messages.conversation_id,
       messages.session_id, messages.status, messages.text, messages.error, address, account, kind, author,
       coalesce(extract(epoch from messages.created_at - messages.sent_at), 0)::float8 as late_seconds,
       -- The confirmation of the opt-out was written in its transaction, and has its time.
       coalesce(messages.created_at < opted_out_at, false)
         and coalesce(author, case when in_reply_to is not null then 'agent' end, '') in ('agent', 'program') as is_unwanted,
       contact, state, state_reason, not_understood, opted_out_at,
       ${STAFF_OF_CONTACT} as staff_id
     from jobs left join messages on messages.id = message_id
       left join conversations on conversations.id = messages.conversation_id
     where jobs.id = $1`,
    [id],
  );
  if (row === undefined) return undefined;
  const { message_id, seq, business_id, conversation_id, session_id, status, text, error, ...rest } = row;
  const { address, account, kind, author, late_seconds, is_unwanted, staff_id, ...others } = rest;
  const { contact, state, state_reason, not_understood, opted_out_at, ...job } = others;
  if (message_id === null) return { ...job, message: null };
  const conversation = { contact, state, state_reason, not_understood, opted_out_at };
  const message = {
    id: message_id,
    seq,
    business_id,
    conversation_id,
    session_id,
    status,
    text,
    error,
    address,
    account,
    kind,
    author,
    late_seconds,
    is_unwanted,
    staff_id,
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
    `with locked as materialized (
       select jobs.id from jobs join unnest($1::bigint[], $2::integer[]) as done (id, release) using (id)
       where jobs.release = done.release and enqueued_at is not null order by jobs.id for update of jobs)
     delete from jobs using locked where jobs.id = locked.id
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

/** Notes how many of a job's own processes have died, in the same way: so it can be repeated when its answer was lost. */
export async function recordChildDeaths(
  q: Queryable,
  { id, release }: JobRef,
  deaths: number,
): Promise<void> {
  await q.query(
    'update jobs set child_deaths = $3 where id = $1 and release = $2 and child_deaths < $3 and failed_at is null',
    [id, release, deaths],
  );
}

/** Notes that a process of the job's own outlived its worker: the job is not why that died. */
export async function recordChildOutlivedWorker(q: Queryable, { id, release }: JobRef): Promise<void> {
  await q.query(
    'update jobs set outlived = outlived + 1 where id = $1 and release = $2 and failed_at is null',
    [id, release],
  );
}
