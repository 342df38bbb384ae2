import { type ConversationRow, STAFF_OF_CONTACT } from '../conversations/conversation-repository.ts';
import type { Queryable } from '../database.ts';
import {
  type JobRef,
  RELEASED,
  type ReleasedJob,
  lockReleased,
  pendingOf,
  tryReleaseNext,
  releaseNext,
} from './job-release.ts';
import type { MessageRow } from '../conversations/message-repository.ts';

/** A job to add, in the transaction that causes it. */
export interface NewJob {
  queue: string;
  /** Jobs of one key run one at a time, in the order in which they were added. */
  orderKey: string;
  payload: Readonly<Record<string, unknown>>;
  /** Whose job it is: API keys see their own failed jobs, and an erasure finds jobs of the contact's business. */
  businessId?: string | undefined;
  /**
   * The message that it answers or sends. A message has at most one job; the job is deleted with the message, and the message fails
   * with the job.
   */
  messageId?: string | undefined;
  /** W3C `traceparent` of its cause. */
  trace?: string | undefined;
  /** Earliest start. Unset: now. */
  runAt?: Date | undefined;
}

export interface JobRow extends ReleasedJob {
  order_key: string;
  attempts: number;
  child_deaths: number;
  /** How many of the dead workers its child process outlived: the job did not kill those. */
  outlived: number;
  replays: number;
  /** It is released to BullMQ and has not ended. */
  is_released: boolean;
  /** Why it failed for good; `null` while it has not. */
  failure: string | null;
  /** Time since it was due, by PostgreSQL's clock. */
  since_due_ms: number;
  /** Time since it was released, by PostgreSQL's clock. */
  since_released_ms: number;
  /** Null for a job without a message. */
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
  /** Time from WhatsApp's timestamp until it was stored. */
  late_seconds: number;
  /** The agent's answer or a program's message, if the contact has opted out since it was written. */
  is_unwanted: boolean;
  /** The business' own person with the contact's phone number. This person is not a customer. */
  staff_id: string | null;
  conversation: Pick<
    ConversationRow,
    'contact' | 'state' | 'state_reason' | 'not_understood' | 'opted_out_at'
  >;
}

/**
 * Adds a job. It is released at once if no other job of its key is open; otherwise it waits for its turn.
 *
 * @returns the released job: this one, or an older one of its key that a process left pending
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
    // Locks the job ahead: a transaction that completes it waits for this one, and then finds this row as the next.
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
    const [existing] =
      messageId === undefined ? [] : await tx.query('select 1 from jobs where message_id = $1', [messageId]);
    if (existing) return undefined;
    // Another job of the key was released concurrently. The next pass sees it.
  }
}

/** For a job that was added as pending without a lock on the job ahead: takes that lock, or releases the oldest job of the key. */
async function takeTurn(tx: Queryable, orderKey: string): Promise<ReleasedJob | undefined> {
  for (;;) {
    const [ahead] = await tx.query(lockReleased('$1'), [orderKey]);
    if (ahead) return undefined;
    const [released] = await tryReleaseNext(tx, [orderKey]);
    if (released) return released;
  }
}

/** Returns the job with its message and the message's conversation. */
export async function findJob(q: Queryable, id: string): Promise<JobRow | undefined> {
  const [row] = await q.query<FlatJobRow>(
    `select ${RELEASED}, order_key, attempts, child_deaths, outlived, replays, failure, enqueued_at is not null as is_released,
       (extract(epoch from now() - run_at) * 1000)::float8 as since_due_ms,
       coalesce(extract(epoch from now() - enqueued_at) * 1000, 0)::float8 as since_released_ms,
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
 * Deletes completed jobs and releases the next job of each key. Call it in the transaction that stores their results.
 *
 * @returns the ids of the completed jobs, and the released jobs
 */
export async function completeJobs(
  tx: Queryable,
  jobs: readonly JobRef[],
): Promise<{ completed: Set<string>; released: ReleasedJob[] }> {
  const rows = await tx.query<{ id: string; order_key: string }>(
    `with locked as materialized (
       select jobs.id from jobs join unnest($1::bigint[], $2::integer[]) as done (id, release) using (id)
       where jobs.release = done.release and enqueued_at is not null order by jobs.id for update of jobs)
     delete from jobs using locked where jobs.id = locked.id
     returning jobs.id::text as id, order_key`,
    [jobs.map(({ id }) => id), jobs.map(({ release }) => release)],
  );
  // No other transaction can release a job of these keys before this one ends, so a unique violation is impossible.
  const released = await releaseNext(
    tx,
    rows.map(({ order_key: key }) => key),
  );
  return { completed: new Set(rows.map(({ id }) => id)), released };
}

/** Records how many workers have died while running a job. A lower number than the stored one changes nothing. */
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

/**
 * Records how many child processes of a job have died. A lower number than the stored one changes nothing, so the call can be
 * repeated after a lost response.
 */
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

/** Records that a job's child process outlived its worker: the job did not kill the worker. */
export async function recordChildOutlivedWorker(q: Queryable, { id, release }: JobRef): Promise<void> {
  await q.query(
    'update jobs set outlived = outlived + 1 where id = $1 and release = $2 and failed_at is null',
    [id, release],
  );
}
