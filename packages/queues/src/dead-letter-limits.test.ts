import { startRedis } from '@prosaas/devstack';
import { closeRedis, createLogger, createRedis, redisReady } from '@prosaas/runtime';
import { Queue } from 'bullmq';
import { expect, test } from 'vitest';
import { expiringBefore, isFilling, readDeadLetterFill } from './dead-letter-limits.ts';

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

test.each([
  ['a month', 30, 29 * DAY_MS],
  ['ten days', 10, 9 * DAY_MS],
  ['a day', 1, DAY_MS - 2.4 * HOUR_MS],
])('letters that are kept for %s are about to go a day or a tenth before', (_what, days, age) => {
  expect(expiringBefore(days, 100 * DAY_MS)).toBe(100 * DAY_MS - age);
});

test.each([
  [{ letters: 0, max: 1, expiring: 0 }, false],
  [{ letters: 7999, max: 10_000, expiring: 0 }, false],
  [{ letters: 8000, max: 10_000, expiring: 0 }, true],
  [{ letters: 1, max: 10_000, expiring: 1 }, true],
])('the dead letter %j fills: %s', (fill, fills) => {
  expect(isFilling(fill)).toBe(fills);
});

test('letters are counted, and of them those that are about to be too old', async () => {
  await using server = await startRedis();
  await using opened = new AsyncDisposableStack();
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const redis = opened.adopt(
    createRedis({ url: server.url, name: 'test', role: 'commands', log }),
    closeRedis,
  );
  await redisReady(redis);
  const bullPrefix = '{test}';
  const queue = opened.adopt(new Queue('dead-letter', { connection: redis, prefix: bullPrefix }), (open) =>
    open.close(),
  );
  const nowMs = Date.now();
  const read = (days: number): ReturnType<typeof readDeadLetterFill> =>
    readDeadLetterFill(redis, bullPrefix, { days, max: 100, nowMs });
  expect(await read(30)).toEqual({ letters: 0, max: 100, expiring: 0 });
  for (let age = 20; age > 0; age--)
    await queue.add('letter', {}, { jobId: `of-${age}`, timestamp: nowMs - age * DAY_MS });
  const expected = [
    [0, 0],
    [30, 0],
    [21, 0],
    [20, 1],
    [15, 6],
    [1, 20],
  ] as const;
  for (const [days, expiring] of expected)
    expect(await read(days)).toEqual({ letters: 20, max: 100, expiring });
});
