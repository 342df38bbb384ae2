import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import type { Queryable } from '../database.ts';
import { classifyDatabaseError } from '../database-error.ts';
import { replayDeadJobs } from './dead-letter-repository.ts';
import { failJobs } from './job-failure-repository.ts';
import { addJob, completeJobs } from './job-repository.ts';
import { type ReleasedJob, releaseDue } from './job-release.ts';
import { add, begin, job, makeDue, onDatabase, rowsOf, statesOf, untilBlocked } from '../test-support.ts';

const on = onDatabase();
const due = { queues: ['inbound-messages'], limit: 100 };
const later = new Date(Date.now() + 600_000);

/** Adds a job and moves it to the dead letter. Returns its id. */
async function addFailed(key: string): Promise<string> {
  const { id, released } = await add(on.db, job(key));
  await on.db.transaction((tx) => failJobs(tx, [released!], 'X'));
  return id;
}

test('a job that is added while the job ahead is being completed is released', async () => {
  const { released: ahead } = await add(on.db, job('a'));
  const completer = await begin(on.db);
  expect((await completeJobs(completer, [ahead!])).released).toEqual([]);
  const adding = on.db.transaction((tx) => addJob(tx, job('a')));
  await untilBlocked(on.db);
  await completer.commit();
  expect(await adding).toMatchObject({ release: 1 });
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
});

test('completing a job waits for the commit of the job behind it and releases that job', async () => {
  const { released: ahead } = await add(on.db, job('a'));
  const adder = await begin(on.db);
  expect(await addJob(adder, job('a'))).toBeUndefined();
  const completing = on.db.transaction((tx) => completeJobs(tx, [ahead!]));
  await untilBlocked(on.db);
  await adder.commit();
  expect((await completing).released).toHaveLength(1);
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
});

test('a job that is added while the job ahead is being failed is released', async () => {
  const { released: ahead } = await add(on.db, job('a'));
  const failing = await begin(on.db);
  await failJobs(failing, [ahead!], 'X');
  const adding = on.db.transaction((tx) => addJob(tx, job('a')));
  await untilBlocked(on.db);
  await failing.commit();
  expect(await adding).toBeDefined();
  expect(await statesOf(on.db, 'a')).toEqual(['failed', 'released']);
});

test('of two jobs added concurrently to a free key, one is released, and the other when that one is completed', async () => {
  const first = await begin(on.db);
  const released = await addJob(first, job('a'));
  expect(released).toBeDefined();
  const second = await begin(on.db);
  const adding = addJob(second, job('a'));
  await untilBlocked(on.db);
  await first.commit();
  expect(await adding).toBeUndefined();
  // The second has not committed yet, so completing the first waits for it.
  const completing = on.db.transaction((tx) => completeJobs(tx, [released!]));
  await untilBlocked(on.db);
  await second.commit();
  expect((await completing).released).toHaveLength(1);
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
});

test('a job that is added while its key passes from one job to the next is released when the next one is completed', async () => {
  const { released: ahead } = await add(on.db, job('a'));
  await add(on.db, job('a'));
  const completer = await begin(on.db);
  const [next] = (await completeJobs(completer, [ahead!])).released;
  const adder = await begin(on.db);
  const adding = addJob(adder, job('a'));
  await untilBlocked(on.db);
  await completer.commit();
  expect(await adding).toBeUndefined();
  const completing = on.db.transaction((tx) => completeJobs(tx, [next!]));
  await untilBlocked(on.db);
  await adder.commit();
  expect((await completing).released).toHaveLength(1);
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
});

test('adding a job releases an older job of its key that a process left pending', async () => {
  await on.db.query(
    `insert into jobs (queue, order_key, payload) values ('inbound-messages', 'a', '{"of":"left"}')`,
  );
  expect(await on.db.transaction((tx) => addJob(tx, job('a')))).toMatchObject({ payload: { of: 'left' } });
  expect(await statesOf(on.db, 'a')).toEqual(['released', 'pending']);
});

test('releaseDue releases no job of a key whose job is being completed', async () => {
  const { released: ahead } = await add(on.db, job('a'));
  await add(on.db, job('a'));
  await add(on.db, job('a', { runAt: later }));
  await makeDue(on.db);
  const completer = await begin(on.db);
  expect((await completeJobs(completer, [ahead!])).released).toHaveLength(1);
  expect(await on.db.transaction((tx) => releaseDue(tx, due))).toEqual([]);
  await completer.commit();
  expect(await statesOf(on.db, 'a')).toEqual(['released', 'pending']);
  expect(await on.db.transaction((tx) => releaseDue(tx, due))).toEqual([]);
});

test('a job that becomes due while another is being added to its free key waits for its turn', async () => {
  await add(on.db, job('a', { runAt: later }));
  await makeDue(on.db);
  const adder = await begin(on.db);
  const released = await addJob(adder, job('a'));
  expect(released).toBeDefined();
  const releasing = on.db.transaction((tx) => releaseDue(tx, due));
  await untilBlocked(on.db);
  await adder.commit();
  expect(await releasing).toEqual([]);
  await on.db.transaction((tx) => releaseDue(tx, due));
  expect(await statesOf(on.db, 'a')).toEqual(['pending', 'released']);
  const end = await on.db.transaction((tx) => completeJobs(tx, [released!]));
  expect(end.released).toHaveLength(1);
});

test('a job that is added while a due job of its key is being released waits behind it', async () => {
  await add(on.db, job('a', { runAt: later }));
  await makeDue(on.db);
  const releaser = await begin(on.db);
  const [first] = await releaseDue(releaser, due);
  const adding = on.db.transaction((tx) => addJob(tx, job('a')));
  await untilBlocked(on.db);
  await releaser.commit();
  expect(await adding).toBeUndefined();
  expect((await on.db.transaction((tx) => completeJobs(tx, [first!]))).released).toHaveLength(1);
});

test('a job that is replayed while another is being added to its free key runs next', async () => {
  const failed = await addFailed('a');
  const adder = await begin(on.db);
  const released = await addJob(adder, job('a'));
  expect(released).toBeDefined();
  const replaying = on.db.transaction((tx) => replayDeadJobs(tx, [{ id: failed, delaySeconds: 0 }]));
  await untilBlocked(on.db);
  await adder.commit();
  expect(await replaying).toEqual({ replayed: new Set([failed]), released: [] });
  expect(await statesOf(on.db, 'a')).toEqual(['pending', 'released']);
  const end = await on.db.transaction((tx) => completeJobs(tx, [released!]));
  expect(end.released.map(({ id }) => id)).toEqual([failed]);
});

test('a job that is added while a job of its key is being replayed waits behind it', async () => {
  const failed = await addFailed('a');
  const replayer = await begin(on.db);
  const [again] = (await replayDeadJobs(replayer, [{ id: failed, delaySeconds: 0 }])).released;
  const adding = on.db.transaction((tx) => addJob(tx, job('a')));
  await untilBlocked(on.db);
  await replayer.commit();
  expect(await adding).toBeUndefined();
  expect((await on.db.transaction((tx) => completeJobs(tx, [again!]))).released).toHaveLength(1);
});

test('a job can be completed while the next one is being failed, and the one after that is released', async () => {
  const { released: ahead } = await add(on.db, job('a'));
  const next = await add(on.db, job('a'));
  await add(on.db, job('a'));
  const drain = await begin(on.db);
  await failJobs(drain, [{ id: next.id, release: 0 }], 'DRAINED');
  const completing = on.db.transaction((tx) => completeJobs(tx, [ahead!]));
  await untilBlocked(on.db);
  await drain.commit();
  expect((await completing).completed.size).toBe(1);
  await on.db.transaction((tx) => releaseDue(tx, due));
  expect((await rowsOf(on.db, 'a')).map(({ state }) => state)).toEqual(['failed', 'released']);
});

const TOTAL = 300;

/** Retries after a deadlock, which is possible when a job is failed, replayed and followed by a new one concurrently. */
async function transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await on.db.transaction(run);
    } catch (error) {
      if (classifyDatabaseError(error)?.kind !== 'busy') throw error;
    }
  }
}

/** Adds jobs with `write` and runs the released ones concurrently. `end` ends a job and returns the jobs that this released. */
async function runJobs(
  write: (nth: number) => Promise<ReleasedJob | undefined>,
  end: (row: ReleasedJob) => Promise<{ isDone: boolean; released: readonly ReleasedJob[] }>,
): Promise<{ done: ReleasedJob[]; violations: string[] }> {
  const ready: ReleasedJob[] = [];
  const done: ReleasedJob[] = [];
  const violations: string[] = [];
  const running = new Map<unknown, string>();
  let written = 0;
  const writer = async (): Promise<void> => {
    while (written < TOTAL) {
      const released = await write(written++);
      if (released) ready.push(released);
    }
  };
  const worker = async (): Promise<void> => {
    while (done.length < TOTAL) {
      const row = ready.shift();
      if (!row) {
        await delay(1);
        continue;
      }
      const { of } = row.payload;
      const beside = running.get(of);
      if (beside !== undefined) violations.push(`${row.id} beside ${beside}`);
      running.set(of, row.id);
      await delay(0);
      running.delete(of);
      const { isDone, released } = await end(row);
      if (isDone) done.push(row);
      ready.push(...released);
    }
  };
  const releaser = async (): Promise<void> => {
    while (done.length < TOTAL) {
      ready.push(...(await transaction((tx) => releaseDue(tx, due))));
      await delay(5);
    }
  };
  await Promise.all([writer(), writer(), writer(), worker(), worker(), worker(), releaser()]);
  return { done, violations };
}

async function complete(row: ReleasedJob): Promise<{ isDone: boolean; released: ReleasedJob[] }> {
  const { completed, released } = await transaction((tx) => completeJobs(tx, [row]));
  return { isDone: completed.has(row.id), released };
}

test('random writers, workers, replays and releases leave no job behind and never run two jobs of a key at once', async () => {
  const random = new Random(7);
  const failed = new Set<string>();
  const { done, violations } = await runJobs(
    () => {
      const of = random.pick(['a', 'b', 'c']);
      const runAt = random.chance(0.1) ? new Date(Date.now() + 5) : undefined;
      return transaction((tx) => addJob(tx, job(of, { runAt })));
    },
    async (row) => {
      if (failed.has(row.id) || random.chance(0.9)) return complete(row);
      failed.add(row.id);
      const dead = await transaction((tx) => failJobs(tx, [row], 'X'));
      const again = { id: row.id, delaySeconds: random.chance(0.5) ? 0.01 : 0 };
      const replayed = await transaction((tx) => replayDeadJobs(tx, [again]));
      return { isDone: false, released: [...dead.released, ...replayed.released] };
    },
  );
  expect(violations).toEqual([]);
  expect(failed.size).toBeGreaterThan(0);
  expect(new Set(done.map(({ id }) => id)).size).toBe(TOTAL);
  expect(await on.db.query('select id from jobs')).toEqual([]);
});

test('jobs of a key run in the order in which they were added', async () => {
  // Adds the jobs of a key in sequence, as the lock on a conversation ensures.
  const keys = ['a', 'b', 'c'];
  const last = new Map<string, Promise<unknown>>();
  const { done, violations } = await runJobs(async (nth) => {
    const of = keys[nth % keys.length]!;
    const turn = (last.get(of) ?? Promise.resolve()).then(() =>
      transaction((tx) => addJob(tx, job(of, { payload: { of, nth } }))),
    );
    last.set(of, turn);
    return turn;
  }, complete);
  expect(violations).toEqual([]);
  for (const of of keys) {
    const order = done
      .filter(({ payload }) => payload['of'] === of)
      .map(({ payload }) => Number(payload['nth']));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(order).toHaveLength(TOTAL / keys.length);
  }
});
