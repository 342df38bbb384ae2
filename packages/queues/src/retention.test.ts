import { randomUUID } from 'node:crypto';
import { type EitherRedis, eitherRedis, poll } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import { UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDeadLetters } from './dead-letters.ts';
import { createDeadLetterMover } from './dead-letter.ts';
import { findOpenJobs } from './open-jobs.ts';
import { createProducer } from './producer.ts';
import { readQueueTotals } from './queue-totals.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const bullPrefix = '{test}';
const queue = 'inbound-messages';
let server: EitherRedis;
let redis: Redis;

beforeAll(async () => {
  server = await eitherRedis({ key: bullPrefix });
  redis = createRedis({ url: server.url, name: 'test', role: 'commands', log });
  await redisReady(redis);
});
afterAll(async () => {
  await closeRedis(redis);
  await server[Symbol.asyncDispose]();
});

/** Adds jobs, and has those of `outcomes` done: undefined completes, an error fails. */
async function addJobs(count: number, outcome: (index: number) => Error | undefined): Promise<string[]> {
  await server.onEveryNode('FLUSHALL');
  await using producer = createProducer({ redis, bullPrefix });
  const ids: string[] = Array.from({ length: count }, () => randomUUID());
  for (const id of ids) {
    const payload = { messageId: id, conversationId: randomUUID(), businessId: 'default' };
    await producer.enqueue(queue, { key: id, payload });
  }
  const blocking = createRedis({ url: server.url, name: 'test:jobs', role: 'blocking', log });
  const worker = new Worker(
    queue,
    async (job) => {
      const error = outcome(ids.indexOf(job.id ?? ''));
      if (error) throw error;
    },
    {
      connection: blocking,
      prefix: bullPrefix,
      metrics: { maxDataPoints: 60 },
    },
  );
  worker.on('error', () => {});
  await poll(
    async () => {
      const { completed, failed } = await readQueueTotals(redis, bullPrefix);
      return completed + failed === count;
    },
    { what: 'the jobs to end' },
  );
  await worker.close();
  await closeRedis(blocking);
  return ids;
}

const never = (): Error => new UnrecoverableError('never');

test('a job is open until it has completed, and a job that is not there is not open', async () => {
  const [completed = '', failed = ''] = await addJobs(2, (index) => (index === 0 ? undefined : never()));
  const waiting = randomUUID();
  await using producer = createProducer({ redis, bullPrefix });
  await producer.enqueueUnchecked([{ queue, key: waiting, payload: null }]);
  const jobs = [completed, failed, waiting, randomUUID()].map((id) => ({ queue, id }) as const);
  expect(await findOpenJobs(redis, bullPrefix, jobs)).toEqual(new Set([failed, waiting]));
  expect(await findOpenJobs(redis, bullPrefix, [])).toEqual(new Set());
});

test('dead letters that are old are listed oldest first and dropped; the counts stand', async () => {
  await addJobs(5, never);
  await using mover = createDeadLetterMover({ redis, bullPrefix, onDead: async () => {} });
  await mover.sweep();
  await using letters = openDeadLetters({ redis, bullPrefix });
  const later = new Date(Date.now() + 1000);
  expect(await letters.listExpired({ before: new Date(0), limit: 10 })).toEqual([]);
  const all = await letters.listExpired({ before: later, limit: 10 });
  expect(all).toHaveLength(5);
  const oldest = await letters.listExpired({ before: later, limit: 2 });
  expect(oldest).toEqual(all.slice(0, 2));
  await letters.drop(oldest);
  await letters.drop(oldest);
  expect(await letters.listExpired({ before: later, limit: 10 })).toEqual(all.slice(2));
  expect(await readQueueTotals(redis, bullPrefix)).toMatchObject({
    failed: 5,
    deadLetter: 5,
    deadLetterDepth: 3,
  });
});
