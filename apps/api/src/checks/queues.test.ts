import { type QueueTotals, queueNames } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { judgeQueues } from './queues.ts';

type Depths = QueueTotals['queues']['inbound-messages'];

const depths = (own: Partial<Depths> = {}): Depths => ({
  waiting: 0,
  active: 0,
  delayed: 0,
  enqueued: 0,
  completed: 0,
  failed: 0,
  paused: false,
  oldestAgeSeconds: 0,
  ...own,
});
const empty = { jobs: 0, max: 10, expiring: 0 };
const well = { schedules: {}, runs: [], lookedSeconds: 0 };
/** All queues are empty, but for what is said of one. */
const totals = (outbound: Partial<Depths> = {}): QueueTotals['queues'] => {
  const each = queueNames.map((name) => [name, depths(name === 'outbound-messages' ? outbound : {})]);
  return Object.fromEntries(each) as QueueTotals['queues'];
};
const all = new Set<string>(queueNames);
const withoutOutbound = new Set(queueNames.filter((name) => name !== 'outbound-messages'));

test.each([
  ['all is well', {}, all, {}],
  ['nobody serves one', {}, withoutOutbound, { unserved: ['outbound-messages'] }],
  ['nobody serves any', {}, new Set<string>(), { unserved: [...all] }],
  ['jobs wait for long', { oldestAgeSeconds: 301 }, all, { stuck: ['outbound-messages'] }],
  [
    'it is paused',
    { oldestAgeSeconds: 301, paused: true },
    withoutOutbound,
    { paused: ['outbound-messages'] },
  ],
] as const)('where %s', (_what, outbound, served, judged) => {
  expect(judgeQueues({ ...well, queues: totals(outbound), served, deadLetter: empty })).toEqual({
    unserved: [],
    stuck: [],
    paused: [],
    late: [],
    run_failed: [],
    ...judged,
  });
});

const queues = totals();
const schedules = { retention: { everySeconds: 3600 }, import: { everySeconds: 60 } };
const seen = { queues, served: all, schedules, deadLetter: empty };
const ran = (
  name: string,
  ageSeconds: number | null,
  outcome: 'completed' | 'failed' = 'completed',
): Parameters<typeof judgeQueues>[0]['runs'][0] => ({
  name,
  age_seconds: ageSeconds,
  last_run: { started_at: '2026-01-01T12:00:00.000Z', ran_ms: 1, outcome, error: null, worker: 'w' },
});

test.each([
  ['both ran in time', [ran('retention', 7200), ran('import', 119)], 0, []],
  ['one has not run for twice its interval', [ran('retention', 7201), ran('import', 0)], 0, ['retention']],
  ['nobody has looked for long yet', [], 120, []],
  ['one never ran while it was looked for', [ran('import', null)], 121, ['import']],
  ["PostgreSQL's clock was set back", [ran('retention', -5000), ran('import', -5000)], 0, []],
])('schedules that are late where %s', (_what, runs, lookedSeconds, late) => {
  expect(judgeQueues({ ...seen, runs, lookedSeconds }).late).toEqual(late);
});

test('a schedule whose last run failed is told; one that this build does not know is not', () => {
  const runs = [ran('retention', 0), ran('import', 0, 'failed'), ran('another', 0, 'failed')];
  expect(judgeQueues({ ...seen, runs, lookedSeconds: 0 }).run_failed).toEqual(['import']);
});

test.each([
  [{ jobs: 7, max: 10, expiring: 0 }, false],
  [{ jobs: 8, max: 10, expiring: 0 }, true],
  [{ jobs: 1, max: 10, expiring: 1 }, true],
])('a dead letter of %j fills: %s', (deadLetter, fills) => {
  const judged = judgeQueues({ ...well, queues, served: all, deadLetter });
  expect(judged.dead_letter_filling).toEqual(fills ? deadLetter : undefined);
});
