import type { Queryable } from './database.ts';

export interface OutboxRow {
  id: string;
  queue: string;
  key: string;
  payload: unknown;
  /** W3C `traceparent`. */
  trace: string | null;
  /** The letter in the dead letter that this job repeats. */
  replay_of: string | null;
  /** Not before; `null`: at once. */
  run_at: Date | null;
}

interface OutboxJob {
  queue: string;
  key: string;
  payload: Record<string, unknown>;
  trace?: string | undefined;
  replayOf?: string | undefined;
  runAt?: Date | undefined;
}

/** Writes down a job in the transaction that it follows from; the relay enqueues it after the commit. The same key twice is one job. */
export async function addToOutbox(tx: Queryable, job: OutboxJob): Promise<void> {
  await tx.query(
    `insert into outbox (queue, key, payload, trace, replay_of, run_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (queue, key) do nothing`,
    [job.queue, job.key, JSON.stringify(job.payload), job.trace, job.replayOf, job.runAt],
  );
}

/** Writes down jobs as `addToOutbox` does, in their order. */
export async function addManyToOutbox(tx: Queryable, jobs: readonly OutboxJob[]): Promise<void> {
  await tx.query(
    `insert into outbox (queue, key, payload, trace, replay_of, run_at)
     select queue, key, payload, trace, replay_of, run_at
       from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::text[], $6::timestamptz[])
         with ordinality as job (queue, key, payload, trace, replay_of, run_at, position)
       order by position
     on conflict (queue, key) do nothing`,
    [
      jobs.map(({ queue }) => queue),
      jobs.map(({ key }) => key),
      jobs.map(({ payload }) => JSON.stringify(payload)),
      jobs.map(({ trace }) => trace),
      jobs.map(({ replayOf }) => replayOf),
      jobs.map(({ runAt }) => runAt),
    ],
  );
}

/** The oldest jobs to enqueue; the rows stay locked for this transaction, other relays pass them by. */
export async function takeFromOutbox(
  tx: Queryable,
  options: { queues: readonly string[]; limit: number },
): Promise<OutboxRow[]> {
  return tx.query<OutboxRow>(
    `select id::text as id, queue, key, payload, trace, replay_of, run_at from outbox
     where queue = any($1) order by outbox.id limit $2 for update skip locked`,
    [options.queues, options.limit],
  );
}

export async function deleteFromOutbox(tx: Queryable, ids: readonly string[]): Promise<void> {
  await tx.query('delete from outbox where id = any($1::bigint[])', [ids]);
}

/** A job by this key waits for the relay. */
export async function isInOutbox(q: Queryable, job: { queue: string; key: string }): Promise<boolean> {
  const rows = await q.query('select from outbox where queue = $1 and key = $2', [job.queue, job.key]);
  return rows.length > 0;
}

/** How many jobs wait for the relay, and since when the oldest does. */
export async function readOutboxBacklog(
  q: Queryable,
): Promise<{ waiting: number; oldest_age_seconds: number }> {
  const [row] = await q.query<{ waiting: number; oldest_age_seconds: number }>(
    `select count(*)::int as waiting,
       coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_age_seconds from outbox`,
  );
  return row ?? { waiting: 0, oldest_age_seconds: 0 };
}
