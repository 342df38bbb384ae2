import { expect, test } from 'vitest';
import { type ConsumerActivity, livenessOf } from './liveness.ts';

const NOW = 1_000_000;
const SINCE = NOW - 30_000;
const TIME_LIMIT_MS = 60_000;
const idle: ConsumerActivity = {
  jobTakenAt: undefined,
  fetchedAt: undefined,
  isRunning: true,
  isPaused: false,
  isRateLimited: false,
  slots: 2,
  startedAt: [],
};

test.each<[string, Partial<ConsumerActivity>, string]>([
  ['took a job', { jobTakenAt: NOW - 29_000 }, 'job'],
  ['fetched without getting a job', { fetchedAt: NOW - 29_000 }, 'fetch'],
  ['has all slots busy', { startedAt: [NOW - 50_000, NOW - 40_000] }, 'busy'],
  ['is paused', { isPaused: true, isRunning: false }, 'paused'],
  ['is rate-limited', { isRateLimited: true }, 'rate_limited'],
  ['fetches while one job hangs', { fetchedAt: NOW - 1000, startedAt: [NOW - 90_000] }, 'fetch'],
])('a consumer that %s works', (_case, activity, by) => {
  expect(livenessOf({ ...idle, ...activity }, TIME_LIMIT_MS, SINCE, NOW)).toEqual({ ok: true, by });
});

test.each<[string, Partial<ConsumerActivity>, string]>([
  ['never fetched', {}, 'no job was taken and no fetch came back for 30 s, with 2 of 2 slots free'],
  [
    'worked only before the last heartbeat',
    { jobTakenAt: NOW - 31_000, fetchedAt: NOW - 31_000 },
    'no fetch came back for 30 s',
  ],
  ['has a free slot and does not fetch', { startedAt: [NOW - 1000] }, 'with 1 of 2 slots free'],
  [
    'has all slots busy, one of them for too long',
    { startedAt: [NOW - 90_000, NOW - 1000] },
    'all 2 slots are busy, 1 beyond the time limit',
  ],
  ['does not run', { isRunning: false, jobTakenAt: NOW - 1000 }, 'it does not run'],
])('a consumer that %s does not work', (_case, activity, why) => {
  expect(livenessOf({ ...idle, ...activity }, TIME_LIMIT_MS, SINCE, NOW)).toEqual({
    ok: false,
    why: expect.stringContaining(why),
  });
});

test('a fetch within the last 12 s is enough, however short the heartbeat interval is', () => {
  expect(livenessOf({ ...idle, fetchedAt: NOW - 11_000 }, TIME_LIMIT_MS, NOW - 1000, NOW)).toEqual({
    ok: true,
    by: 'fetch',
  });
});
