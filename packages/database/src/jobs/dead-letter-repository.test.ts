import { expect, test } from 'vitest';
import {
  type DeadJobFilter,
  countDeadJobs,
  findDeadJob,
  listDeadJobs,
  listExcessDeadJobs,
  listExpiredDeadJobs,
  purgeDeadJobs,
  readDeadLetterDepth,
  replayDeadJobs,
  selectDeadJobs,
} from './dead-letter-repository.ts';
import { failJobs, listUnreleased, recordFailedAttempt } from './job-failure-repository.ts';
import {
  type NewJob,
  completeJobs,
  findJob,
  recordChildDeaths,
  recordWorkerDeaths,
} from './job-repository.ts';
import { closeMessage, findMessageById } from '../conversations/message-repository.ts';
import { add, job, jobOf, makeDue, onDatabase, receive, reply, rowsOf, statesOf } from '../test-support.ts';

const on = onDatabase();
const later = new Date(Date.now() + 3600_000);

const attempt = (nth: number): Parameters<typeof recordFailedAttempt>[2] => ({
  attempt: nth,
  error: `E${nth}: no`,
  failed_at: new Date().toISOString(),
  ran_ms: nth,
  worker: 'w',
});

/** Adds a job and moves it to the dead letter. Returns its id. */
async function addDead(added: NewJob, failure = 'X: no', failedAt?: string): Promise<string> {
  const { id } = await add(on.db, added);
  const row = (await rowsOf(on.db, added.orderKey)).find((one) => one.id === id);
  await on.db.transaction((tx) => failJobs(tx, [row!], failure));
  if (failedAt !== undefined)
    await on.db.query('update jobs set failed_at = $2 where id = $1', [id, failedAt]);
  return id;
}

const replay = (ids: readonly string[], delaySeconds = 0): ReturnType<typeof replayDeadJobs> =>
  on.db.transaction((tx) =>
    replayDeadJobs(
      tx,
      ids.map((id) => ({ id, delaySeconds })),
    ),
  );

const statusOf = async (id: string): Promise<unknown> => {
  const message = await findMessageById(on.db, id);
  return [message?.status, message?.error];
};

test.each([0, 1, 19, 20, 25])(
  'of %i failed attempts, all are counted and the last twenty are kept',
  async (count) => {
    const { id, released } = await add(on.db, job('a'));
    for (let nth = 1; nth <= count; nth++) await recordFailedAttempt(on.db, released!, attempt(nth));
    await on.db.transaction((tx) => failJobs(tx, [released!], 'X: no'));
    const dead = await findDeadJob(on.db, { id });
    expect(dead?.attempts).toBe(count);
    const kept = Array.from(
      { length: Math.min(count, 20) },
      (_, index) => Math.max(0, count - 20) + index + 1,
    );
    expect(dead?.failures.map((one) => one.attempt)).toEqual(kept);
    expect(dead?.failures.at(-1)?.error).toBe(count === 0 ? undefined : `E${count}: no`);
  },
);

test.each([0, 19, 20])('failJobs also keeps the attempt that it is given, after %i others', async (count) => {
  const { id, released } = await add(on.db, job('a'));
  for (let nth = 1; nth <= count; nth++) await recordFailedAttempt(on.db, released!, attempt(nth));
  const fail = (): ReturnType<typeof failJobs> =>
    on.db.transaction((tx) => failJobs(tx, [released!], 'X: no', attempt(count + 1)));
  expect(await fail()).toMatchObject({ failed: 1 });
  expect(await fail()).toMatchObject({ failed: 0 });
  const dead = await findDeadJob(on.db, { id });
  expect([dead?.attempts, dead?.failures.length, dead?.failures.at(-1)?.attempt]).toEqual([
    count + 1,
    Math.min(count + 1, 20),
    count + 1,
  ]);
});

test('an attempt of another release, or of a job in the dead letter, is not counted', async () => {
  const { id, released } = await add(on.db, job('a'));
  await recordFailedAttempt(on.db, { id, release: 9 }, attempt(1));
  expect(await findJob(on.db, id)).toMatchObject({ attempts: 0 });
  await on.db.transaction((tx) => failJobs(tx, [released!], 'X'));
  await recordFailedAttempt(on.db, released!, attempt(1));
  expect(await findDeadJob(on.db, { id })).toMatchObject({ attempts: 0, failures: [] });
});

test('failJobs fails the message too, releases the next job of the key, and skips a stale release', async () => {
  const [message, second] = [await receive(on.db), await receive(on.db)];
  const first = await add(on.db, jobOf(message));
  const next = await add(on.db, jobOf(second));
  const stale = { id: first.id, release: 0 };
  const fail = (jobs: { id: string; release: number }[]): ReturnType<typeof failJobs> =>
    on.db.transaction((tx) => failJobs(tx, jobs, 'BAD: it is bad'));
  expect(await fail([stale])).toEqual({ failed: 0, messages: [], released: [] });
  expect(await statusOf(message.id)).toEqual(['received', null]);

  const { failed, released } = await fail([first.released!]);
  expect(failed).toBe(1);
  expect(released.map(({ id }) => id)).toEqual([next.id]);
  expect(await statusOf(message.id)).toEqual(['failed', 'BAD: it is bad']);
  expect(await statusOf(second.id)).toEqual(['received', null]);
  expect(await findDeadJob(on.db, { id: first.id })).toMatchObject({
    queue: 'inbound-messages',
    business_id: 'default',
    message_id: message.id,
    payload: { messageId: message.id },
    reason: 'BAD: it is bad',
    replays: 0,
  });
  expect(await fail([first.released!])).toEqual({ failed: 0, messages: [], released: [] });
});

test.each([
  ['answered', { status: 'answered' }],
  ['failed', { status: 'failed', error: 'first' }],
] as const)('a message that is already %s keeps its status when its job fails', async (status, end) => {
  const message = await receive(on.db);
  const { released } = await add(on.db, jobOf(message));
  await closeMessage(on.db, message.id, end);
  await on.db.transaction((tx) => failJobs(tx, [released!], 'second'));
  expect(await statusOf(message.id)).toEqual([status, status === 'failed' ? 'first' : null]);
});

test('lists unreleased jobs oldest first, delayed or not, and they can be failed', async () => {
  const first = await add(on.db, job('a'));
  const second = await add(on.db, job('a'));
  const delayed = await add(on.db, job('b', { runAt: later }));
  await addDead(job('c'));
  const listed = await listUnreleased(on.db, { queue: 'inbound-messages', limit: 10 });
  expect(listed).toEqual([second, delayed].map(({ id }) => ({ id, release: 0 })));
  expect(await listUnreleased(on.db, { queue: 'inbound-messages', limit: 1 })).toEqual(listed.slice(0, 1));
  expect(await listUnreleased(on.db, { queue: 'outbound-messages', limit: 1 })).toEqual([]);
  const end = await on.db.transaction((tx) => failJobs(tx, listed, 'X'));
  expect(end).toEqual({ failed: 2, messages: [], released: [] });
  expect(await rowsOf(on.db, 'a')).toMatchObject([{ id: first.id, state: 'released' }, { state: 'failed' }]);
  // A delayed job that failed never becomes due.
  expect(await on.db.query('select 1 from jobs where is_delayed')).toEqual([]);
});

test('a replay reopens the job and its message, and a second replay changes nothing', async () => {
  const message = await receive(on.db);
  const answer = await reply(on.db, message);
  const { id, released } = await add(on.db, jobOf(message));
  await recordFailedAttempt(on.db, released!, attempt(1));
  await recordWorkerDeaths(on.db, released!, 2);
  await recordChildDeaths(on.db, released!, 1);
  await on.db.transaction((tx) => failJobs(tx, [released!], 'X'));
  const out = await addDead(jobOf(answer, { queue: 'outbound-messages', orderKey: 'out' }));

  const again = await replay([id, out, id]);
  expect(again.replayed).toEqual(new Set([id, out]));
  expect(again.released.map((one) => [one.id, one.release, one.worker_deaths])).toEqual(
    expect.arrayContaining([
      [id, 3, 0],
      [out, 3, 0],
    ]),
  );
  expect(await findJob(on.db, id)).toMatchObject({ attempts: 0, child_deaths: 0, replays: 1, failure: null });
  expect(await statusOf(message.id)).toEqual(['received', null]);
  expect(await statusOf(answer.id)).toEqual(['queued', null]);
  expect(await replay([id, out])).toEqual({ replayed: new Set(), released: [] });
  expect(await findJob(on.db, id)).toMatchObject({ replays: 1 });
  // The earlier failures are still there if it fails again.
  await on.db.transaction((tx) => failJobs(tx, [{ id, release: 3 }], 'Y'));
  expect(await findDeadJob(on.db, { id })).toMatchObject({
    replays: 1,
    reason: 'Y',
    failures: [{ attempt: 1 }],
  });
});

test('of two concurrent replays of a job, only one succeeds', async () => {
  const id = await addDead(jobOf(await receive(on.db)));
  const both = await Promise.all([replay([id]), replay([id])]);
  expect(both.flatMap(({ replayed }) => [...replayed])).toEqual([id]);
  expect(await findJob(on.db, id)).toMatchObject({ replays: 1 });
});

test.each(['answered', 'received', 'undelivered'])(
  'a job whose message is %s is not replayed',
  async (status) => {
    const message = await receive(on.db);
    const id = await addDead(jobOf(message));
    await on.db.query('update messages set status = $2 where id = $1', [message.id, status]);
    expect(await replay([id])).toEqual({ replayed: new Set(), released: [] });
    expect(await findDeadJob(on.db, { id })).toMatchObject({ replays: 0 });
  },
);

test('a replayed job runs before newer waiting jobs, but not beside the released one', async () => {
  const dead = await addDead(job('a'));
  const running = await add(on.db, job('a'));
  const waiting = await add(on.db, job('a'));
  expect(await replay([dead])).toEqual({ replayed: new Set([dead]), released: [] });
  expect(await statesOf(on.db, 'a')).toEqual(['pending', 'released', 'pending']);
  const end = await on.db.transaction((tx) => completeJobs(tx, [running.released!]));
  expect(end.released.map(({ id }) => id)).toEqual([dead]);
  expect(await rowsOf(on.db, 'a')).toMatchObject([{ id: dead }, { id: waiting.id, state: 'pending' }]);
});

test('a delayed replay blocks no other job of its key', async () => {
  const dead = await addDead(job('a'));
  expect(await replay([dead], 60)).toEqual({ replayed: new Set([dead]), released: [] });
  const [row] = await on.db.query<{ seconds: number }>(
    'select extract(epoch from run_at - now())::float8 as seconds from jobs',
  );
  expect(Math.round(row!.seconds / 10)).toBe(6);
  expect((await add(on.db, job('a'))).released).toBeDefined();
  await makeDue(on.db);
  expect(await statesOf(on.db, 'a')).toEqual(['delayed', 'released']);
});

test('a purge deletes only failed jobs, and their messages stay failed', async () => {
  const message = await receive(on.db);
  const dead = await addDead(jobOf(message));
  const open = await add(on.db, job('a'));
  expect(await purgeDeadJobs(on.db, [dead, open.id, '0'])).toBe(1);
  expect(await purgeDeadJobs(on.db, [dead])).toBe(0);
  expect(await findDeadJob(on.db, { id: dead })).toBeUndefined();
  expect(await statusOf(message.id)).toEqual(['failed', 'X: no']);
  expect(await statesOf(on.db, 'a')).toEqual(['released']);
});

test('filters by queue, business, reason and time, alone and combined', async () => {
  await on.db.query("insert into businesses (id, name) values ('other', 'Other') on conflict do nothing");
  const at = (minute: number): string => `2026-01-01T00:0${minute}:00Z`;
  const one = await addDead(job('a'), 'SEND_REFUSED: no such chat', at(1));
  const two = await addDead(
    job('b', { queue: 'outbound-messages', businessId: 'other' }),
    '100% %_ bad',
    at(2),
  );
  const three = await addDead(job('c', { businessId: 'default' }), 'send_refused: again', at(3));
  await add(on.db, job('d'));
  const found = async (filter: DeadJobFilter): Promise<string[]> => {
    const listed = await listDeadJobs(on.db, filter, { before: undefined, limit: 10 });
    const selected = await selectDeadJobs(on.db, filter, 10);
    expect(selected.ids).toEqual(listed.map(({ id }) => id).toReversed());
    expect(selected.matched).toBe(listed.length);
    return selected.ids;
  };
  expect(await found({})).toEqual([one, two, three]);
  expect(await found({ queue: 'inbound-messages' })).toEqual([one, three]);
  expect(await found({ businessId: 'other' })).toEqual([two]);
  expect(await found({ contains: 'Send_Refused' })).toEqual([one, three]);
  expect(await found({ contains: '%_' })).toEqual([two]);
  expect(await found({ failedAfter: new Date(at(2)) })).toEqual([two, three]);
  expect(await found({ failedBefore: new Date(at(2)) })).toEqual([one, two]);
  expect(await found({ contains: 'refused', failedAfter: new Date(at(2)) })).toEqual([three]);
  expect(await found({ queue: 'unknown' })).toEqual([]);
  expect(await selectDeadJobs(on.db, {}, 1)).toEqual({ matched: 3, ids: [one] });
  expect(await findDeadJob(on.db, { id: two, businessId: 'other' })).toMatchObject({ id: two });
  expect(await findDeadJob(on.db, { id: two, businessId: 'default' })).toBeUndefined();
});

test('pages are complete and newest first, even for jobs that failed in the same microsecond', async () => {
  const ids: string[] = [];
  for (let nth = 0; nth < 7; nth++)
    ids.push(await addDead(job(`k${nth}`), 'X', `2026-01-01T00:00:00.00000${nth < 5 ? 1 : 2}Z`));
  const seen: string[] = [];
  let before: { failedAt: string; id: string } | undefined;
  for (;;) {
    const page = await listDeadJobs(on.db, {}, { before, limit: 2 });
    const last = page.at(-1);
    if (!last) break;
    seen.push(...page.map(({ id }) => id));
    before = { failedAt: last.position, id: last.id };
  }
  expect(seen).toEqual(ids.toReversed());
});

test('lists expired and excess jobs oldest first, and counts those that soon expire', async () => {
  const ids: string[] = [];
  for (let day = 1; day <= 5; day++)
    ids.push(await addDead(job(`k${day}`), 'X', `2026-01-0${day}T00:00:00Z`));
  await add(on.db, job('open'));
  const before = new Date('2026-01-03T00:00:00Z');
  expect(await listExpiredDeadJobs(on.db, { before, limit: 10 })).toEqual(ids.slice(0, 2));
  expect(await listExpiredDeadJobs(on.db, { before, limit: 1 })).toEqual(ids.slice(0, 1));
  expect(await listExcessDeadJobs(on.db, { most: 2, limit: 10 })).toEqual(ids.slice(0, 3));
  expect(await listExcessDeadJobs(on.db, { most: 2, limit: 1 })).toEqual(ids.slice(0, 1));
  expect(await listExcessDeadJobs(on.db, { most: 5, limit: 10 })).toEqual([]);
  expect(await countDeadJobs(on.db, { expiringBefore: before })).toEqual({ jobs: 5, expiring: 2 });
  expect(await countDeadJobs(on.db, { expiringBefore: undefined })).toEqual({ jobs: 5, expiring: 0 });
});

test('reads the depth and the latest failure of one business or of all', async () => {
  expect(await readDeadLetterDepth(on.db, undefined)).toEqual({ depth: 0, newest: null });
  expect(await readDeadLetterDepth(on.db, 'default')).toEqual({ depth: 0, newest: null });
  await addDead(job('k1'), 'X', '2026-01-01T00:00:00Z');
  const foreign = await addDead(job('k2'), 'X', '2026-01-02T00:00:00Z');
  await on.db.query("update jobs set business_id = case when id = $1 then 'other' else 'default' end", [
    foreign,
  ]);
  await add(on.db, job('open'));
  const [first, second] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')];
  expect(await readDeadLetterDepth(on.db, undefined)).toEqual({ depth: 2, newest: second });
  expect(await readDeadLetterDepth(on.db, 'default')).toEqual({ depth: 1, newest: first });
});
