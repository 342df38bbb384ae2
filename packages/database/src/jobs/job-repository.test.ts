import { expect, test } from 'vitest';
import { addJob, completeJobs, findJob, recordChildDeaths, recordWorkerDeaths } from './job-repository.ts';
import { listReleased, releaseLostJobs, releaseDue, tryReleaseNext } from './job-release.ts';
import { failJobs } from './job-failure-repository.ts';
import { add, job, jobOf, makeDue, onDatabase, receive, rowsOf, statesOf } from '../test-support.ts';

const on = onDatabase();
const due = { queues: ['inbound-messages'], limit: 100 };
const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

test('a job is released at once if its key is free, with all fields that BullMQ needs', async () => {
  const released = await addJob(on.db, job('a', { payload: { text: 'שלום' }, trace: '00-1-2-01' }));
  expect(released).toEqual({
    id: expect.stringMatching(/^\d+$/),
    release: 1,
    queue: 'inbound-messages',
    payload: { text: 'שלום' },
    trace: '00-1-2-01',
    worker_deaths: 0,
    read_ms: expect.any(Number),
  });
  expect(await findJob(on.db, released!.id)).toMatchObject({ order_key: 'a', attempts: 0, failure: null });
  expect(await findJob(on.db, '0')).toBeUndefined();
});

test('a job waits behind another job of its key, but not behind jobs of other keys', async () => {
  await addJob(on.db, job('a'));
  expect(await addJob(on.db, job('a'))).toBeUndefined();
  expect(await addJob(on.db, job('b'))).toMatchObject({ release: 1 });
  expect(await statesOf(on.db, 'a')).toEqual(['released', 'pending']);
});

test('completing a job releases the oldest of its key, in the same transaction', async () => {
  const first = await add(on.db, job('a'));
  const second = await add(on.db, job('a'));
  const third = await add(on.db, job('a'));
  const undo = new Error('undo');
  const undone = on.db.transaction(async (tx) => {
    expect((await completeJobs(tx, [first.released!])).released).toMatchObject([
      { id: second.id, release: 1 },
    ]);
    throw undo;
  });
  await expect(undone).rejects.toBe(undo);
  expect(await statesOf(on.db, 'a')).toEqual(['released', 'pending', 'pending']);

  const { completed, released } = await on.db.transaction((tx) => completeJobs(tx, [first.released!]));
  expect(completed).toEqual(new Set([first.id]));
  expect(released.map(({ id }) => id)).toEqual([second.id]);
  expect(await rowsOf(on.db, 'a')).toEqual([
    { id: second.id, state: 'released', release: 1 },
    { id: third.id, state: 'pending', release: 0 },
  ]);
});

test('completes several jobs at once and skips those that are gone or were released again', async () => {
  const [one, two] = [await add(on.db, job('a')), await add(on.db, job('b'))];
  await add(on.db, job('b'));
  const stale = { ...one.released!, release: 7 };
  const { completed, released } = await on.db.transaction((tx) =>
    completeJobs(tx, [stale, two.released!, { id: '0', release: 1 }]),
  );
  expect(completed).toEqual(new Set([two.id]));
  expect(released.map(({ payload }) => payload)).toEqual([{ of: 'b' }]);
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
  expect(await on.db.transaction((tx) => completeJobs(tx, []))).toEqual({
    completed: new Set(),
    released: [],
  });
});

test('a job in the dead letter is not completed', async () => {
  const { released } = await add(on.db, job('a'));
  await on.db.transaction((tx) => failJobs(tx, [released!], 'X'));
  const end = await on.db.transaction((tx) => completeJobs(tx, [released!]));
  expect(end.completed.size).toBe(0);
  expect(await statesOf(on.db, 'a')).toEqual(['failed']);
});

test('a delayed job blocks no other job of its key, and is released when it is due', async () => {
  expect(await addJob(on.db, job('a', { runAt: inMinutes(5) }))).toBeUndefined();
  const second = await add(on.db, job('a'));
  expect(second.released).toBeDefined();
  expect(await on.db.transaction((tx) => releaseDue(tx, due))).toEqual([]);
  const end = await on.db.transaction((tx) => completeJobs(tx, [second.released!]));
  expect(end.released).toEqual([]);
  await makeDue(on.db);
  expect(await on.db.transaction((tx) => releaseDue(tx, due))).toMatchObject([{ release: 1 }]);
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
});

test('a delayed job that is due waits for the released job of its key, and runs before newer ones', async () => {
  const delayed = await add(on.db, job('a', { runAt: inMinutes(5) }));
  const running = await add(on.db, job('a'));
  await add(on.db, job('a'));
  await makeDue(on.db);
  expect(await on.db.transaction((tx) => releaseDue(tx, due))).toEqual([]);
  expect(await statesOf(on.db, 'a')).toEqual(['pending', 'released', 'pending']);
  const end = await on.db.transaction((tx) => completeJobs(tx, [running.released!]));
  expect(end.released.map(({ id }) => id)).toEqual([delayed.id]);
});

test('a job with a start time in the past is released at once', async () => {
  expect(await addJob(on.db, job('a', { runAt: inMinutes(-5) }))).toMatchObject({ release: 1 });
});

test('a message has at most one job, which is deleted with it', async () => {
  const message = await receive(on.db);
  expect(await addJob(on.db, jobOf(message))).toBeDefined();
  expect(await addJob(on.db, jobOf(message))).toBeUndefined();
  expect(await addJob(on.db, jobOf(message, { orderKey: 'another' }))).toBeUndefined();
  expect(await on.db.query('select 1 from jobs')).toHaveLength(1);
  await on.db.query('delete from messages where id = $1', [message.id]);
  expect(await on.db.query('select 1 from jobs')).toEqual([]);
});

test('releaseDue releases jobs that a process left pending, in the given queues and up to the limit', async () => {
  for (const [queue, key] of [
    ['inbound-messages', 'a'],
    ['inbound-messages', 'a'],
    ['inbound-messages', 'b'],
    ['unknown', 'c'],
  ])
    await on.db.query(`insert into jobs (queue, order_key, payload) values ($1, $2, '{}')`, [queue, key]);
  const pass = async (limit: number): Promise<number> =>
    (await on.db.transaction((tx) => releaseDue(tx, { ...due, limit }))).length;
  expect(await pass(1)).toBe(1);
  expect(await pass(10)).toBe(1);
  expect(await pass(10)).toBe(0);
  expect(await statesOf(on.db, 'a')).toEqual(['released', 'pending']);
  expect(await statesOf(on.db, 'b')).toEqual(['released']);
  expect(await statesOf(on.db, 'c')).toEqual(['pending']);
});

test('releaseDue works for one caller at a time; the others release nothing', async () => {
  for (const key of ['a', 'b']) await add(on.db, job(key, { runAt: inMinutes(5) }));
  await makeDue(on.db);
  await on.db.transaction(async (tx) => {
    expect(await releaseDue(tx, { ...due, limit: 1 })).toHaveLength(1);
    expect(await on.db.transaction((other) => releaseDue(other, due))).toEqual([]);
  });
  expect(await on.db.transaction((tx) => releaseDue(tx, due))).toHaveLength(1);
});

test('tryReleaseNext releases nothing for keys with a released job, or with only a failed or delayed one', async () => {
  await add(on.db, job('released'));
  await add(on.db, job('released'));
  const failed = await add(on.db, job('failed'));
  await on.db.transaction((tx) => failJobs(tx, [failed.released!], 'X'));
  await add(on.db, job('delayed', { runAt: inMinutes(5) }));
  const keys = ['released', 'failed', 'delayed', 'unknown'];
  expect(await on.db.transaction((tx) => tryReleaseNext(tx, keys))).toEqual([]);
});

test('lists jobs that were released long ago in pages, and releases them again under a new number', async () => {
  const jobs = [await add(on.db, job('a')), await add(on.db, job('b')), await add(on.db, job('c'))];
  await add(on.db, job('a'));
  const list = (afterId: string, seconds = 10): ReturnType<typeof listReleased> =>
    listReleased(on.db, { queues: due.queues, seconds, afterId, limit: 2 });
  expect(await list('0')).toEqual([]);
  await on.db.query(
    "update jobs set enqueued_at = enqueued_at - interval '11 seconds' where enqueued_at is not null",
  );
  expect((await list('0')).map(({ id }) => id)).toEqual([jobs[0]!.id, jobs[1]!.id]);
  expect((await list(jobs[1]!.id)).map(({ id }) => id)).toEqual([jobs[2]!.id]);

  const lost = await list('0');
  const again = await on.db.transaction((tx) => releaseLostJobs(tx, lost));
  expect(again.map(({ release }) => release)).toEqual([2, 2]);
  expect(await on.db.transaction((tx) => releaseLostJobs(tx, lost))).toEqual([]);
  expect((await list('0')).map(({ id }) => id)).toEqual([jobs[2]!.id]);
  // A worker that still runs the previous release cannot complete it.
  expect((await on.db.transaction((tx) => completeJobs(tx, lost))).completed.size).toBe(0);
});

test('deaths count only for the current release, and their number never falls', async () => {
  const { id, released } = await add(on.db, job('a'));
  await recordWorkerDeaths(on.db, released!, 2);
  await recordWorkerDeaths(on.db, released!, 1);
  await recordWorkerDeaths(on.db, { id, release: 9 }, 5);
  await recordChildDeaths(on.db, released!, 2);
  await recordChildDeaths(on.db, released!, 1);
  await recordChildDeaths(on.db, { id, release: 9 }, 5);
  expect(await findJob(on.db, id)).toMatchObject({ worker_deaths: 2, child_deaths: 2 });
});
