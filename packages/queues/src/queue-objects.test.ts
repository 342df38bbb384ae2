import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { QueuesUnavailable } from './bull-handle.ts';
import { openQueueObjects } from './queue-objects.ts';
import { queueNames } from './queue-table.ts';
import { bullPrefix, onRedis } from './test-redis.ts';

const on = onRedis();

test('a tool is handed all queues, the same ones each time, and its own error comes back', async () => {
  await using objects = openQueueObjects({ redis: on.redis, bullPrefix });
  const first = await objects.use(async (queues) => queues);
  expect(first.map(({ name }) => name)).toEqual(queueNames);
  const second = await objects.use(async (queues) => queues);
  expect(second.every((queue, nth) => queue === first[nth])).toBe(true);
  const fault = new Error('the tool is at fault');
  await expect(objects.use(() => Promise.reject(fault))).rejects.toBe(fault);
});

test('while Redis is away, and where work failed because it went, a tool is told so', async () => {
  await using objects = openQueueObjects({ redis: on.redis, bullPrefix });
  const cause = new Error('what the tool made of it');
  try {
    const failed = objects.use(async () => {
      await on.server.stop();
      throw cause;
    });
    await expect(failed).rejects.toMatchObject({ code: 'QUEUES_UNAVAILABLE', cause });
    await poll(() => on.redis.status !== 'ready', { what: 'the connection to be lost' });
    await expect(objects.use(async () => 'never')).rejects.toThrow(QueuesUnavailable);
  } finally {
    await on.server.start();
  }
  await poll(() => objects.use(async ([queue]) => queue!.getWaitingCount()).then(() => true), {
    what: 'the queues to work again',
  });
});
