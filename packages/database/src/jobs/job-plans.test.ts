import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { listHeadJobs } from './conversation-jobs.ts';
import type { Queryable } from '../database.ts';
import { readJobCounts } from './job-counts.ts';
import { addJob, completeJobs } from './job-repository.ts';
import { releaseDue, tryReleaseNext } from './job-release.ts';
import { job, jobOf, onDatabase, receive } from '../test-support.ts';

const on = onDatabase();
const ROWS = 50_000;
const conversation = randomUUID();
const key = `in:${conversation}`;
const due = { queues: ['inbound-messages'], limit: 100 };

const backlogs = {
  pending: 'null, false, null',
  delayed: 'null, true, null',
  failed: "null, false, now() - interval '1 day'",
} as const;
type Backlog = keyof typeof backlogs;

/** Rows of `jobs` that a transaction has read so far. */
async function rowsRead(tx: Queryable): Promise<number> {
  const [read] = await tx.query<{ rows: number }>(
    "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables where relname = 'jobs'",
  );
  return read?.rows ?? 0;
}

/** Adds a backlog. `analyzed`: the state of the table when its statistics were collected; autovacuum may be late. */
async function fill(backlog: Backlog, analyzed: 'empty' | 'full'): Promise<void> {
  await on.db.query('alter table jobs set (autovacuum_enabled = false)');
  await on.db.query('vacuum analyze jobs');
  // The triggers that count jobs are not measured here.
  await on.db.query('alter table jobs disable trigger user');
  await on.db.query(
    `insert into jobs (queue, order_key, payload, run_at, enqueued_at, is_delayed, failed_at)
     select 'inbound-messages', $1, '{}', now() + interval '1 day', ${backlogs[backlog]} from generate_series(1, ${ROWS})`,
    [key],
  );
  await on.db.query('alter table jobs enable trigger user');
  if (analyzed === 'full') await on.db.query('analyze jobs');
}

const undo = new Error('undo');

/** Rows of `jobs` that `run` reads. Rolls back. */
async function costOf(run: (tx: Queryable) => Promise<unknown>): Promise<number> {
  let rows = 0;
  await on.db
    .transaction(async (tx) => {
      const before = await rowsRead(tx);
      await run(tx);
      rows = (await rowsRead(tx)) - before;
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return rows;
}

describe.each(Object.keys(backlogs) as Backlog[])('with a long backlog of %s jobs of one key', (backlog) => {
  test.each(['empty', 'full'] as const)(
    'no query reads all of it, with statistics from when the table was %s',
    async (analyzed) => {
      await fill(backlog, analyzed);
      const other = await addJob(on.db, job('other'));
      await addJob(on.db, job('other'));
      const message = await receive(on.db);
      const costs = {
        addBehind: await costOf((tx) => addJob(tx, jobOf(message, { orderKey: key }))),
        addBehindAnother: await costOf((tx) => addJob(tx, job('other'))),
        addToFreeKey: await costOf((tx) => addJob(tx, job('free'))),
        addTwice: await costOf(async (tx) => {
          await addJob(tx, jobOf(message));
          await addJob(tx, jobOf(message));
        }),
        tryReleaseNext: await costOf((tx) => tryReleaseNext(tx, [key])),
        releaseDue: await costOf((tx) => releaseDue(tx, due)),
        completeJobs: await costOf((tx) => completeJobs(tx, [other!])),
        completeFirst: await costOf(async (tx) => {
          const [first] = await tryReleaseNext(tx, [key]);
          if (first) await completeJobs(tx, [first]);
        }),
        deleteMessage: await costOf((tx) => tx.query('delete from messages where id = $1', [message.id])),
        headOfAnother: await costOf((tx) => listHeadJobs(tx, randomUUID())),
        counts: await costOf((tx) => readJobCounts(tx)),
      };
      expect(Object.entries(costs).filter(([, rows]) => rows > 25)).toEqual([]);
      // Counts the conversation's jobs, up to a limit.
      expect(await costOf((tx) => listHeadJobs(tx, conversation))).toBeLessThan(1100);
    },
  );
});

test.each(['empty', 'full'] as const)(
  'delayed jobs that are due together are released in batches, with statistics from when the table was %s',
  async (analyzed) => {
    await fill('delayed', analyzed);
    await on.db.query('alter table jobs disable trigger user');
    await on.db.query("update jobs set run_at = now() - interval '1 second'");
    await on.db.query('alter table jobs enable trigger user');
    expect(await costOf((tx) => releaseDue(tx, due))).toBeLessThan(10 * due.limit);
  },
);
