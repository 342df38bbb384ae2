import { expect, test } from 'vitest';
import { expiringBefore, isNearLimit, readDeadLetterUsage } from './dead-letter-limits.ts';
import { useJobs, receive } from './test-jobs.ts';

const env = useJobs();
const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

test.each([
  ['a month', 30, 29 * DAY_MS],
  ['ten days', 10, 9 * DAY_MS],
  ['a day', 1, DAY_MS - 2.4 * HOUR_MS],
])(
  'warns about jobs that are kept for %s one day ahead, or a tenth of that time if that is less',
  (_what, days, age) => {
    expect(expiringBefore(days, 100 * DAY_MS)).toBe(100 * DAY_MS - age);
  },
);

test.each([
  [{ jobs: 0, max: 1, expiring: 0 }, false],
  [{ jobs: 7999, max: 10_000, expiring: 0 }, false],
  [{ jobs: 8000, max: 10_000, expiring: 0 }, true],
  [{ jobs: 1, max: 10_000, expiring: 1 }, true],
])('a dead letter with %j is near its limit: %s', (usage, isNear) => {
  expect(isNearLimit(usage)).toBe(isNear);
});

test('counts all jobs in the dead letter and those that soon exceed the age limit', async () => {
  const nowMs = Date.now();
  const read = (days: number): ReturnType<typeof readDeadLetterUsage> =>
    readDeadLetterUsage(env.db, { days, max: 100 }, nowMs);
  expect(await read(30)).toEqual({ jobs: 0, max: 100, expiring: 0 });
  await receive(env.db);
  await env.db.query(
    `insert into jobs (queue, order_key, payload, failed_at)
     select 'inbound-messages', 'k' || age, '{}', $1::timestamptz - make_interval(days => age) from generate_series(1, 20) as age`,
    [new Date(nowMs)],
  );
  const expected = [
    [0, 0],
    [30, 0],
    [22, 0],
    [21, 0],
    [20, 1],
    [15, 6],
    [1, 20],
  ] as const;
  for (const [days, expiring] of expected) expect(await read(days)).toEqual({ jobs: 20, max: 100, expiring });
});
