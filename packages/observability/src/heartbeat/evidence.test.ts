import { expect, test } from 'vitest';
import { type Evidence, judge } from './evidence.ts';

const NOW = 1_000_000;
const SINCE = NOW - 30_000;
const LIMIT = 60_000;
const idle: Evidence = {
  jobTakenAt: undefined,
  fetchedAt: undefined,
  running: true,
  paused: false,
  rateLimited: false,
  slots: 2,
  startedAt: [],
};

test.each<[string, Partial<Evidence>, string]>([
  ['took a job', { jobTakenAt: NOW - 29_000 }, 'job'],
  ['fetched in vain', { fetchedAt: NOW - 29_000 }, 'fetch'],
  ['has all slots busy', { startedAt: [NOW - 50_000, NOW - 40_000] }, 'busy'],
  ['is paused', { paused: true, running: false }, 'paused'],
  ['is rate-limited', { rateLimited: true }, 'rate_limited'],
  ['works beside one job that hangs', { fetchedAt: NOW - 1000, startedAt: [NOW - 90_000] }, 'fetch'],
])('a consumer that %s earns the beat', (_what, evidence, by) => {
  expect(judge({ ...idle, ...evidence }, LIMIT, SINCE, NOW)).toEqual({ ok: true, by });
});

test.each<[string, Partial<Evidence>, string]>([
  ['never fetched', {}, 'no job was taken and no fetch came back for 30 s, with 2 of 2 slots free'],
  [
    'worked before the last beat only',
    { jobTakenAt: NOW - 31_000, fetchedAt: NOW - 31_000 },
    'no fetch came back for 30 s',
  ],
  ['has a slot free and does not fetch', { startedAt: [NOW - 1000] }, 'with 1 of 2 slots free'],
  [
    'has every slot busy, one for too long',
    { startedAt: [NOW - 90_000, NOW - 1000] },
    'all 2 slots are busy, 1 beyond the time limit',
  ],
  ['does not run', { running: false, jobTakenAt: NOW - 1000 }, 'it does not run'],
])('a consumer that %s does not', (_what, evidence, why) => {
  expect(judge({ ...idle, ...evidence }, LIMIT, SINCE, NOW)).toEqual({
    ok: false,
    why: expect.stringContaining(why),
  });
});

test('beats that come faster than a blocking fetch can come back do not need one each', () => {
  expect(judge({ ...idle, fetchedAt: NOW - 11_000 }, LIMIT, NOW - 1000, NOW)).toEqual({
    ok: true,
    by: 'fetch',
  });
});
