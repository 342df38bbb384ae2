import { setTimeout as delay } from 'node:timers/promises';
import { Random, poll } from '@prosaas/devstack';
import pg from 'pg';
import { expect, test } from 'vitest';
import { eraseContact } from '../personal-data/contact-erasure.ts';
import { createDatabase } from '../database.ts';
import { purgeDeadJobs, replayDeadJobs } from './dead-letter-repository.ts';
import { type JobCounts, foldJobCounts, readJobCounts } from './job-counts.ts';
import { failJobs } from './job-failure-repository.ts';
import { addJob, completeJobs } from './job-repository.ts';
import { add, job, jobOf, log, onDatabase, receive } from '../test-support.ts';

const on = onDatabase();
const queue = 'inbound-messages';
const nothing = { inserted: 0, closed: 0, failed: 0, open: 0, pending: 0, pending_age_seconds: 0, dead: 0 };

const counts = async (): Promise<JobCounts> => (await readJobCounts(on.db))[queue] ?? nothing;

/** The numbers by the counts and by the rows, in one snapshot. */
async function compare(): Promise<{ counted: unknown; rows: unknown }> {
  const [row] = await on.db.query<{ counted: unknown; rows: unknown }>(
    `select json_build_array(coalesce(sum(inserted - closed - failed), 0), coalesce(sum(dead), 0)) as counted,
       (select json_build_array(count(*) filter (where failed_at is null), count(*) filter (where failed_at is not null))
        from jobs) as rows
     from job_counts`,
  );
  return row!;
}

test('each step of a job is counted once', async () => {
  expect(await readJobCounts(on.db)).toEqual({});
  const first = await add(on.db, job('a'));
  const second = await add(on.db, job('a'));
  await add(on.db, job('b', { queue: 'outbound-messages', runAt: new Date(Date.now() + 60_000) }));
  expect(await counts()).toMatchObject({ inserted: 2, open: 2, pending: 1 });
  expect((await readJobCounts(on.db))['outbound-messages']).toMatchObject({
    inserted: 1,
    open: 1,
    pending: 1,
  });
  await on.db.transaction((tx) => completeJobs(tx, [first.released!]));
  expect(await counts()).toMatchObject({ inserted: 2, closed: 1, open: 1, pending: 0 });
  await on.db.transaction((tx) => failJobs(tx, [{ id: second.id, release: 1 }], 'X'));
  expect(await counts()).toMatchObject({ inserted: 2, closed: 1, failed: 1, open: 0, dead: 1 });
  await on.db.transaction((tx) => replayDeadJobs(tx, [{ id: second.id, delaySeconds: 0 }]));
  expect(await counts()).toMatchObject({ inserted: 3, closed: 1, failed: 1, open: 1, dead: 0 });
  await on.db.transaction((tx) => failJobs(tx, [{ id: second.id, release: 3 }], 'X'));
  await purgeDeadJobs(on.db, [second.id]);
  expect(await counts()).toEqual({ ...nothing, inserted: 3, closed: 1, failed: 2 });
  expect((await compare()).counted).toEqual((await compare()).rows);
});

test('a job that is rolled back, or a second one for the same message, is not counted', async () => {
  const message = await receive(on.db);
  const undo = new Error('undo');
  const undone = on.db.transaction(async (tx) => {
    await addJob(tx, jobOf(message));
    throw undo;
  });
  await expect(undone).rejects.toBe(undo);
  expect(await counts()).toEqual(nothing);
  await addJob(on.db, jobOf(message));
  await addJob(on.db, jobOf(message));
  expect(await counts()).toMatchObject({ inserted: 1, open: 1 });
});

test('an open job that is deleted with its message or contact counts as closed, a failed one does not', async () => {
  const [open, dead] = [await receive(on.db), await receive(on.db)];
  await add(on.db, jobOf(open));
  const { id } = await add(on.db, jobOf(dead));
  await on.db.transaction((tx) => failJobs(tx, [{ id, release: 0 }], 'X'));
  await on.db.query('delete from messages where id = $1', [open.id]);
  expect(await counts()).toEqual({ ...nothing, inserted: 2, closed: 1, failed: 1, dead: 1 });
  await add(on.db, jobOf(await receive(on.db)));
  await on.db.transaction((tx) => eraseContact(tx, { contact: '1@s.whatsapp.net', businessId: undefined }));
  expect(await counts()).toEqual({ ...nothing, inserted: 3, closed: 2, failed: 1 });
});

test('the age of the oldest pending job is the time since it was due', async () => {
  await add(on.db, job('a'));
  expect(await counts()).toMatchObject({ pending: 0, pending_age_seconds: 0 });
  await add(on.db, job('a'));
  await add(on.db, job('b', { runAt: new Date(Date.now() + 60_000) }));
  await on.db.query("update jobs set run_at = now() - interval '10 minutes' where order_key = 'a'");
  expect(await counts()).toMatchObject({ pending: 2 });
  expect(Math.round((await counts()).pending_age_seconds / 10)).toBe(60);
});

test('every reading adds up while connections work and some are killed', async () => {
  const random = new Random(3);
  await using working = createDatabase({ url: on.url, applicationName: 'test-killed', log, size: 4 });
  let stopped = false;
  const worker = async (nth: number): Promise<void> => {
    while (!stopped) {
      await working
        .transaction(async (tx) => {
          // A few keys that are mostly held, and enough others that some are free.
          const key = `${nth}-${random.whole(0, random.chance(0.5) ? 3 : 99)}`;
          const released = await addJob(tx, job(key));
          if (!released) return;
          if (random.chance(0.3)) await failJobs(tx, [released], 'X');
          else if (random.chance(0.7)) await completeJobs(tx, [released]);
          if (random.chance(0.1)) throw new Error('rolled back');
        })
        .catch(() => {});
    }
  };
  const workers = [1, 2, 3, 4].map(worker);
  const readings: Awaited<ReturnType<typeof compare>>[] = [];
  for (let nth = 0; nth < 40; nth++) {
    readings.push(await compare());
    if (nth % 8 === 4)
      await on.db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'test-killed' limit 2`,
      );
    if (nth % 10 === 9) await on.db.transaction(foldJobCounts);
    await delay(10);
  }
  stopped = true;
  await Promise.all(workers);
  readings.push(await compare());
  expect(readings.filter(({ counted, rows }) => JSON.stringify(counted) !== JSON.stringify(rows))).toEqual(
    [],
  );
  const { inserted, closed, failed, open } = await counts();
  expect(closed).toBeGreaterThan(0);
  expect(failed).toBeGreaterThan(0);
  expect(inserted).toBe(closed + failed + open);
});

test('foldJobCounts merges the counts of closed connections into one row and keeps the sums', async () => {
  for (let nth = 0; nth < 3; nth++) {
    const client = new pg.Client({ connectionString: on.url });
    await client.connect();
    const query = async (sql: string, params?: unknown[]): Promise<never[]> =>
      (await client.query(sql, params)).rows as never[];
    await addJob({ query }, job(`k${nth}`));
    const dead = await addJob({ query }, job(`d${nth}`));
    await client.query('begin');
    await failJobs({ query }, [dead!], 'X');
    await client.query('commit');
    await client.end();
  }
  await add(on.db, job('of a connection that lives'));
  const before = await counts();
  expect(before).toMatchObject({ inserted: 7, failed: 3, dead: 3, open: 4 });
  const rows = (): Promise<unknown[]> => on.db.query('select 1 from job_counts');
  await poll(
    async () => {
      await on.db.transaction(foldJobCounts);
      return (await rows()).length === 2;
    },
    { what: 'the connections to be gone' },
  );
  expect(await counts()).toEqual(before);
  expect(await on.db.query('select 1 from job_counts where connection = 0')).toHaveLength(1);
  await on.db.transaction(foldJobCounts);
  expect(await counts()).toEqual(before);
});
