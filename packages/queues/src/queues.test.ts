import { randomUUID } from 'node:crypto';
import { type EitherRedis, eitherRedis, poll } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { QueuesUnavailable } from './bull-handle.ts';
import { createDeadLetterMover, type DeadLetter } from './dead-letter.ts';
import { openJobReader } from './job-reader.ts';
import { createProducer, type Producer } from './producer.ts';
import { openQueueControl } from './queue-control.ts';
import { readQueueTotals, waitingSince, type QueueTotals } from './queue-totals.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const bullPrefix = '{test}';
let server: EitherRedis;
let redis: Redis;
let blocking: Redis;
let producer: Producer;
const open: Worker[] = [];

beforeAll(async () => {
  server = await eitherRedis({ key: bullPrefix });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  redis = createRedis({ url: server.url, name: 'test', role: 'commands', log });
  blocking = createRedis({ url: server.url, name: 'test:jobs', role: 'blocking', log });
  await redisReady(redis);
  await server.onEveryNode('FLUSHALL');
  producer = createProducer({ redis, bullPrefix });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((worker) => worker.close()));
  await producer[Symbol.asyncDispose]();
  await Promise.all([redis, blocking].map(closeRedis));
});

function messageJob(): {
  key: string;
  payload: { messageId: string; conversationId: string; businessId: string };
} {
  const messageId = randomUUID();
  return { key: messageId, payload: { messageId, conversationId: randomUUID(), businessId: 'default' } };
}

function work(processor: (id: string, attempt: number) => Promise<void>): Worker {
  const worker = new Worker('inbound-messages', (job) => processor(job.id ?? '', job.attemptsMade), {
    connection: blocking,
    prefix: bullPrefix,
    concurrency: 10,
    metrics: { maxDataPoints: 60 },
    settings: { backoffStrategy: () => 1 },
  });
  worker.on('error', () => {});
  open.push(worker);
  return worker;
}

function balance({ enqueued, completed, failed, queues }: QueueTotals): number {
  const held = Object.values(queues).reduce((sum, q) => sum + q.waiting + q.active + q.delayed, 0);
  return enqueued - completed - failed - held;
}

const totals = (): Promise<QueueTotals> => readQueueTotals(redis, bullPrefix);

test('a key that was enqueued is not added and not counted again', async () => {
  const job = messageJob();
  expect(await producer.enqueue('inbound-messages', job)).toEqual({ id: job.key, fresh: true });
  expect(await producer.enqueue('inbound-messages', job)).toEqual({ id: job.key, fresh: false });
  expect(await producer.enqueue('outbound-messages', job)).toEqual({ id: job.key, fresh: true });
  const { enqueued, queues } = await totals();
  expect(enqueued).toBe(2);
  expect(queues['inbound-messages']).toMatchObject({ waiting: 1, enqueued: 1 });
});

test('producers that race with the same keys count each job once', async () => {
  const jobs = Array.from({ length: 50 }, () => ({ queue: 'inbound-messages' as const, ...messageJob() }));
  const added = await Promise.all(Array.from({ length: 5 }, () => producer.enqueueUnchecked(jobs)));
  expect(added.flat().filter(({ fresh }) => fresh)).toHaveLength(50);
  expect((await totals()).enqueued).toBe(50);
});

test('the scripts that Redis has forgotten are sent again and nothing is counted twice', async () => {
  await producer.enqueue('inbound-messages', messageJob());
  await server.onEveryNode('SCRIPT', 'FLUSH');
  const job = messageJob();
  await poll(() => producer.enqueue('inbound-messages', job).then(() => true), { what: 'a job to be added' });
  expect(await producer.enqueue('inbound-messages', job)).toMatchObject({ fresh: false });
  const { enqueued, queues } = await totals();
  expect([enqueued, queues['inbound-messages'].waiting]).toEqual([2, 2]);
});

test('a payload that does not fit its queue is refused and not counted', async () => {
  await expect(
    producer.enqueue('inbound-messages', { key: 'k', payload: { messageId: 'x' } as never }),
  ).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
  expect((await totals()).enqueued).toBe(0);
});

test('without Redis an enqueue fails at once', async () => {
  const away = createRedis({ url: 'redis://127.0.0.1:1', name: 'away', role: 'commands', log });
  const stranded = createProducer({ redis: away, bullPrefix });
  await expect(stranded.enqueue('inbound-messages', messageJob())).rejects.toThrow(QueuesUnavailable);
  await stranded[Symbol.asyncDispose]();
  await closeRedis(away);
});

test('completed and failed are final outcomes: retries in between are not counted, and every reading balances', async () => {
  const readings: QueueTotals[] = [];
  const fates = new Map<string, number>();
  const jobs = Array.from({ length: 60 }, () => ({ queue: 'inbound-messages' as const, ...messageJob() }));
  // A third completes, a third after two retries, a third fails for good at once.
  for (const [index, { key }] of jobs.entries()) fates.set(key, index % 3);
  await producer.enqueueUnchecked(jobs);
  await redis.publish('unused', '');
  work(async (id, attempt) => {
    if (fates.get(id) === 1 && attempt === 0) throw new Error('not yet');
    if (fates.get(id) === 2) throw new UnrecoverableError('never');
  });
  await poll(
    async () => {
      const reading = await totals();
      readings.push(reading);
      return reading.completed === 40 && reading.failed === 20;
    },
    { timeoutMs: 20_000, what: 'all jobs to end' },
  );
  expect(readings.map(balance).filter((difference) => difference !== 0)).toEqual([]);
});

test('a worker that waits for jobs takes them again after Redis was away for seconds', async () => {
  const done: string[] = [];
  work(async (id) => void done.push(id));
  const [before, after] = [messageJob(), messageJob()];
  await producer.enqueue('inbound-messages', before);
  await poll(() => done.includes(before.key), { what: 'a job before' });
  await server.stop();
  const stopped = performance.now();
  await poll(() => performance.now() - stopped > 4000, { what: 'every attempt to come back to fail' });
  await server.start();
  await poll(() => producer.enqueue('inbound-messages', after).then(() => true), {
    what: 'a job to be added',
  });
  await poll(() => done.includes(after.key), { what: 'a job after' });
});

test('a failed job moves to the dead letter once, with its story, and what it leaves undone is settled before', async () => {
  const jobs = Array.from({ length: 30 }, () => ({ queue: 'inbound-messages' as const, ...messageJob() }));
  await producer.enqueueUnchecked(jobs);
  work(async () => {
    throw new UnrecoverableError('SEND_REFUSED: no such session');
  });
  await poll(async () => (await totals()).failed === 30, { what: 'the jobs to fail' });

  const settled: DeadLetter[] = [];
  const onDead = async (letter: DeadLetter): Promise<void> => {
    settled.push(letter);
  };
  const movers = [1, 2, 3].map(() => createDeadLetterMover({ redis, bullPrefix, onDead }));
  const moved = await Promise.all(movers.map((mover) => mover.sweep()));
  expect(moved.reduce((sum, count) => sum + count, 0)).toBe(30);

  const reading = await totals();
  expect(reading).toMatchObject({ enqueued: 30, failed: 30, deadLetter: 30, deadLetterDepth: 30 });
  expect(reading.queues['inbound-messages'].failed).toBe(0);
  expect(balance(reading)).toBe(0);
  expect(new Set(settled.map(({ origin }) => origin.id))).toEqual(new Set(jobs.map(({ key }) => key)));

  const reader = openJobReader({ redis, bullPrefix });
  const pages = await Promise.all(
    [0, 20].map((offset) => reader.listJobs({ queue: 'dead-letter', state: 'waiting', offset, limit: 20 })),
  );
  expect(pages.map((page) => page.length)).toEqual([20, 10]);
  expect(pages[0]?.[0]?.payload).toMatchObject({
    origin: { queue: 'inbound-messages' },
    payload: { businessId: 'default' },
    reason: 'SEND_REFUSED: no such session',
    attempts: 1,
  });
  expect(JSON.stringify(pages)).not.toContain('    at ');
  await Promise.all([...movers, reader].map((each) => each[Symbol.asyncDispose]()));
});

test('a job whose settling fails stays failed until a later sweep', async () => {
  await producer.enqueue('inbound-messages', messageJob());
  work(async () => {
    throw new UnrecoverableError('never');
  });
  await poll(async () => (await totals()).failed === 1, { what: 'the job to fail' });
  let away = true;
  await using mover = createDeadLetterMover({
    redis,
    bullPrefix,
    onDead: async () => {
      if (away) throw new Error('the database is away');
    },
  });
  await expect(mover.sweep()).rejects.toThrow('the database is away');
  expect((await totals()).queues['inbound-messages'].failed).toBe(1);
  away = false;
  expect(await mover.sweep()).toBe(1);
  expect(await mover.sweep()).toBe(0);
  expect(await totals()).toMatchObject({ failed: 1, deadLetter: 1 });
});

test('jobs are listed by state, newest first, and found by their key', async () => {
  const jobs = Array.from({ length: 5 }, () => messageJob());
  for (const job of jobs) await producer.enqueue('outbound-messages', job);
  await using reader = openJobReader({ redis, bullPrefix });
  const page = await reader.listJobs({ queue: 'outbound-messages', state: 'waiting', offset: 0, limit: 2 });
  expect(page.map(({ id }) => id)).toEqual([jobs[4]?.key, jobs[3]?.key]);
  expect(page[0]).toMatchObject({ state: 'waiting', attempts: 8, attempts_made: 0, error: null });
  const key = jobs[2]?.key ?? '';
  expect(await reader.getJob('outbound-messages', key)).toMatchObject({ id: key, state: 'waiting' });
  expect(await reader.getJob('inbound-messages', key)).toBeUndefined();
});

const age = async (): Promise<number> =>
  Math.round((await totals()).queues['inbound-messages'].oldestAgeSeconds / 10) * 10;

/** As if a job had been added ten minutes earlier. */
const backdate = (key: string): Promise<number> =>
  redis.hset(`${bullPrefix}:inbound-messages:${key}`, 'timestamp', Date.now() - 600_000);

/** What BullMQ does with a delayed job when its time comes. */
async function promote(key: string): Promise<void> {
  const queue = new Queue('inbound-messages', { connection: redis, prefix: bullPrefix });
  await (await queue.getJob(key))?.promote();
  await queue.close();
}

test('a job that waits is as old as it is, also while its queue is paused', async () => {
  const { key, payload } = messageJob();
  await using control = openQueueControl({ redis, bullPrefix });
  await producer.enqueue('inbound-messages', { key, payload });
  await backdate(key);
  expect(await age()).toBe(600);
  await control.pause('inbound-messages');
  expect(await age()).toBe(600);
  expect((await totals()).queues['inbound-messages']).toMatchObject({ paused: true, waiting: 1 });
  expect((await totals()).queues['outbound-messages'].oldestAgeSeconds).toBe(0);
});

test('a job that was to run in ten minutes has not waited when they are over', async () => {
  const { key, payload } = messageJob();
  const runAt = new Date(Date.now() + 600_000);
  await producer.enqueueUnchecked([{ queue: 'inbound-messages', key, payload, runAt }]);
  await backdate(key);
  await promote(key);
  expect(await totals()).toMatchObject({ queues: { 'inbound-messages': { waiting: 1, delayed: 0 } } });
  expect(await age()).toBe(0);
});

test('a job that was tried just now has not waited since it was added', async () => {
  const { key, payload } = messageJob();
  await producer.enqueue('inbound-messages', { key, payload });
  await backdate(key);
  const fail = (): Promise<void> => Promise.reject(new Error('not yet'));
  const worker = new Worker('inbound-messages', fail, {
    connection: blocking,
    prefix: bullPrefix,
    settings: { backoffStrategy: () => 60_000 },
  });
  open.push(worker);
  await poll(async () => (await totals()).queues['inbound-messages'].delayed === 1, { what: 'a retry' });
  await worker.close();
  await promote(key);
  expect((await totals()).queues['inbound-messages'].waiting).toBe(1);
  expect(await age()).toBe(0);
});

test.each([
  ['was added', ['1000', '{"attempts":8}', null], 1000],
  ['fell due', ['1000', '{"delay":500}', null], 1500],
  ['was tried', ['1000', '{"delay":500}', '9000'], 9000],
  ['is gone', [null, null, null], undefined],
] as const)('a job that %s has waited from then on', (_what, fields, since) => {
  expect(waitingSince([...fields])).toBe(since);
});
