import { type MessageRow, findDeadJob, findJob } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { closeRedis, createRedis } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QueuesUnavailable } from './bull-handle.ts';
import { toBullJob } from './bull-job.ts';
import { JobRunning, type QueueControl, openQueueControl } from './queue-control.ts';
import { readQueueTotals } from './queue-totals.ts';
import { type Relay, createRelay } from './relay.ts';
import { answer, inbound, useJobs, openQueue, receive, startWorker } from './test-jobs.ts';
import { bullPrefix, silent } from './test-redis.ts';

const env = useJobs();
let relay: Relay;
let control: QueueControl;
let handedOver: number;
const onHandOver = (count: number): void => void (handedOver += count);
beforeEach(() => {
  relay = createRelay({ redis: env.redis, bullPrefix, log: silent });
  handedOver = 0;
  control = openQueueControl({ db: env.db, relay, redis: env.redis, bullPrefix, onHandOver });
});
afterEach(async () => {
  await control[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

const waitingCount = async (): Promise<number> =>
  (await readQueueTotals(env.redis, bullPrefix)).queues[inbound].waiting;
/** Receives messages, and enqueues the jobs that were released at once. */
async function receiveAll(contacts: readonly string[]): Promise<{ message: MessageRow; id: string }[]> {
  const all: Awaited<ReturnType<typeof receive>>[] = [];
  for (const contact of contacts) all.push(await receive(env.db, contact));
  const before = await waitingCount();
  const now = all.flatMap(({ released }) => released ?? []);
  relay.enqueue(now);
  await poll(async () => (await waitingCount()) === before + now.length, { what: 'the jobs to wait' });
  return all;
}
const statuses = async (): Promise<string[]> =>
  (await env.db.query<{ status: string }>('select status from messages order by seq')).map(
    ({ status }) => status,
  );

/** How many chats are in each state, for which reason. */
const states = (): Promise<{ state: string; reason: string | null; chats: number }[]> =>
  env.db.query(
    `select state, state_reason as reason, count(*)::int as chats from conversations group by 1, 2 order by 1`,
  );

test('workers take no job of a paused queue until it is resumed', async () => {
  await control.pause(inbound);
  await receiveAll(['1']);
  const done: string[] = [];
  await using _ = await startWorker(env, async ({ id }) => void done.push(id ?? ''));
  const totals = await readQueueTotals(env.redis, bullPrefix);
  expect(totals.queues[inbound]).toMatchObject({ paused: true, waiting: 1, active: 0 });
  expect(totals.queues['outbound-messages'].paused).toBe(false);
  expect(done).toEqual([]);
  await control.resume(inbound);
  await poll(() => done.length === 1, { what: 'the job' });
  expect((await readQueueTotals(env.redis, bullPrefix)).queues[inbound].paused).toBe(false);
});

test('drain fails pending, waiting and delayed jobs, and leaves running ones alone', async () => {
  const [running] = await receiveAll(['1']);
  const ending = Promise.withResolvers<void>();
  await using _ = await startWorker(env, () => ending.promise);
  await using queue = openQueue(env);
  await poll(async () => (await queue.getActiveCount()) === 1, { what: 'a job to run' });
  await control.pause(inbound);
  // One behind the running job, two of another conversation, and one that is delayed in BullMQ.
  const others = await receiveAll(['1', '2', '2']);
  const { id: delayedId, released: delayed } = await receive(env.db, '3');
  const { data, opts } = toBullJob(delayed!);
  await queue.add(inbound, data, { ...opts, delay: 600_000 });
  const notDue = await receive(env.db, '4');
  await env.db.query(
    "update jobs set enqueued_at = null, release = 0, is_delayed = true, run_at = now() + interval '1 hour' where id = $1",
    [notDue.id],
  );
  const untouched = await answer(env.db, running!.message);

  expect(await control.drain(inbound)).toBe(5);
  expect(await statuses()).toEqual(['received', 'failed', 'failed', 'failed', 'failed', 'failed', 'queued']);
  for (const id of [...others.map((one) => one.id), delayedId, notDue.id])
    expect(await findDeadJob(env.db, { id })).toMatchObject({ reason: expect.stringMatching(/^DRAINED: /) });
  expect(await findJob(env.db, running!.id)).toMatchObject({ failure: null, release: 1 });
  expect(await findJob(env.db, untouched!.id)).toMatchObject({ failure: null });
  expect(await states()).toEqual([{ state: 'waiting', reason: 'failure', chats: 4 }]);
  expect(handedOver).toBe(4);
  const { queues, failed } = await readQueueTotals(env.redis, bullPrefix);
  expect(queues[inbound]).toMatchObject({ waiting: 0, delayed: 0, active: 1, failed: 5, enqueued: 6 });
  expect(failed).toBe(5);
  expect(await control.drain(inbound)).toBe(0);
  expect((await readQueueTotals(env.redis, bullPrefix)).failed).toBe(5);
  ending.resolve();
  await control.resume(inbound);
});

test('drain skips a job that a worker takes meanwhile', async () => {
  await control.pause(inbound);
  const [taken] = await receiveAll(['1', '2']);
  // A worker holds this lock from the moment it takes the job.
  await env.redis.set(`${bullPrefix}:${inbound}:${taken!.id}-1:lock`, 'of a worker');
  expect(await control.drain(inbound)).toBe(1);
  expect(await statuses()).toEqual(['received', 'failed']);
  await expect(control.skip(taken!.id, 'X')).rejects.toThrow(JobRunning);
});

test('drain fails more jobs than fit in one batch', async () => {
  await control.pause(inbound);
  await env.db.query(
    `insert into jobs (queue, order_key, payload) select $1, 'k' || n, '{}' from generate_series(1, 600) as n`,
    [inbound],
  );
  await receiveAll(['1', '2']);
  expect(await control.drain(inbound)).toBe(602);
  expect(await env.db.query('select 1 from jobs where failed_at is null')).toEqual([]);
});

test('skip fails a waiting job, and the next job of its conversation is released', async () => {
  await control.pause(inbound);
  const [first, second] = await receiveAll(['1', '1']);
  expect(await control.skip(first!.id, 'the customer has phoned')).toBe(true);
  expect(await findDeadJob(env.db, { id: first!.id })).toMatchObject({
    reason: 'SKIPPED: the customer has phoned',
  });
  expect(await statuses()).toEqual(['failed', 'received']);
  await using queue = openQueue(env);
  await poll(() => queue.getJob(`${second!.id}-1`), { what: 'the next job' });
  expect(await queue.getJob(`${first!.id}-1`)).toBeUndefined();
  expect((await readQueueTotals(env.redis, bullPrefix)).queues[inbound]).toMatchObject({
    failed: 1,
    waiting: 1,
  });
  expect(await states()).toEqual([{ state: 'waiting', reason: 'failure', chats: 1 }]);
  expect(handedOver).toBe(1);
  expect(await control.skip(first!.id, 'again')).toBe(false);
  expect(await control.skip('0', 'unknown')).toBe(false);
});

test('skip fails a delayed job, a pending one, and one that BullMQ lost', async () => {
  await control.pause(inbound);
  await using queue = openQueue(env);
  const [{ id: delayedId, released: delayed }, lost, next] = [
    await receive(env.db, '1'),
    await receive(env.db, '2'),
    await receive(env.db, '2'),
  ];
  const { data, opts } = toBullJob(delayed!);
  await queue.add(inbound, data, { ...opts, delay: 600_000 });
  expect(await control.skip(delayedId, 'X')).toBe(true);
  expect(await queue.getDelayedCount()).toBe(0);
  expect(await control.skip(next.id, 'X')).toBe(true);
  expect(await control.skip(lost.id, 'X')).toBe(true);
  expect(await statuses()).toEqual(['failed', 'failed', 'failed']);
});

test('skip refuses a running job', async () => {
  const [running] = await receiveAll(['1']);
  const ending = Promise.withResolvers<void>();
  await using _ = await startWorker(env, () => ending.promise);
  await using queue = openQueue(env);
  await poll(async () => (await queue.getActiveCount()) === 1, { what: 'a job to run' });
  await expect(control.skip(running!.id, 'X')).rejects.toThrow(JobRunning);
  expect(await statuses()).toEqual(['received']);
  expect(await findJob(env.db, running!.id)).toMatchObject({ failure: null });
  ending.resolve();
});

test('without Redis every command fails at once and changes nothing', async () => {
  const { id } = await receive(env.db);
  const away = createRedis({ url: 'redis://127.0.0.1:1', name: 'away', role: 'commands', log: silent });
  {
    await using stranded = openQueueControl({ db: env.db, relay, redis: away, bullPrefix, onHandOver });
    await expect(stranded.pause(inbound)).rejects.toThrow(QueuesUnavailable);
    await expect(stranded.resume(inbound)).rejects.toThrow(QueuesUnavailable);
    await expect(stranded.drain(inbound)).rejects.toThrow(QueuesUnavailable);
    await expect(stranded.skip(id, 'X')).rejects.toThrow(QueuesUnavailable);
  }
  await closeRedis(away);
  expect(await statuses()).toEqual(['received']);
});
