import { randomUUID } from 'node:crypto';
import { poll } from '@prosaas/devstack';
import { closeRedis, createRedis } from '@prosaas/runtime';
import { UnrecoverableError, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { openDeadLetters } from './dead-letters.ts';
import { createDeadLetterMover } from './dead-letter.ts';
import { findOpenJobs } from './open-jobs.ts';
import { createProducer } from './producer.ts';
import { readQueueTotals } from './queue-totals.ts';
import { bullPrefix, onRedis, silent } from './test-redis.ts';

const queue = 'inbound-messages';
const on = onRedis();

/** Adds jobs, and has those of `outcomes` done: undefined completes, an error fails. */
async function addJobs(count: number, outcome: (index: number) => Error | undefined): Promise<string[]> {
  await on.server.onEveryNode('FLUSHALL');
  await using producer = createProducer({ redis: on.redis, bullPrefix });
  const ids: string[] = Array.from({ length: count }, () => randomUUID());
  for (const id of ids) {
    const payload = { messageId: id, conversationId: randomUUID(), businessId: 'default' };
    await producer.enqueue(queue, { key: id, payload });
  }
  const blocking = createRedis({ url: on.server.url, name: 'test:jobs', role: 'blocking', log: silent });
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
      const { completed, failed } = await readQueueTotals(on.redis, bullPrefix);
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
  await using producer = createProducer({ redis: on.redis, bullPrefix });
  await producer.enqueueUnchecked([{ queue, key: waiting, payload: null }]);
  const jobs = [completed, failed, waiting, randomUUID()].map((id) => ({ queue, id }) as const);
  expect(await findOpenJobs(on.redis, bullPrefix, jobs)).toEqual(new Set([failed, waiting]));
  expect(await findOpenJobs(on.redis, bullPrefix, [])).toEqual(new Set());
});

test('dead letters that are old are listed oldest first and dropped; the counts stand', async () => {
  await addJobs(5, never);
  await using mover = createDeadLetterMover({ redis: on.redis, bullPrefix, onDead: async () => {} });
  await mover.sweep();
  await using letters = openDeadLetters({ redis: on.redis, bullPrefix });
  const later = new Date(Date.now() + 1000);
  expect(await letters.listExpired({ before: new Date(0), limit: 10 })).toEqual([]);
  const all = await letters.listExpired({ before: later, limit: 10 });
  expect(all).toHaveLength(5);
  const oldest = await letters.listExpired({ before: later, limit: 2 });
  expect(oldest).toEqual(all.slice(0, 2));
  await letters.drop(oldest);
  await letters.drop(oldest);
  expect(await letters.listExpired({ before: later, limit: 10 })).toEqual(all.slice(2));
  expect(await readQueueTotals(on.redis, bullPrefix)).toMatchObject({
    failed: 5,
    deadLetter: 5,
    deadLetterDepth: 3,
  });
});
