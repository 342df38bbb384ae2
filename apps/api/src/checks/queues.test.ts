import { type QueueTotals, queueNames } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { evaluateQueues } from './queues.ts';

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
const noSchedules = { schedules: {}, runs: [], observedSeconds: 0 };
/** Empty queues, except as given for `outbound-messages`. */
const totals = (outbound: Partial<Depths> = {}): QueueTotals['queues'] => {
  const each = queueNames.map((name) => [name, depths(name === 'outbound-messages' ? outbound : {})]);
  return Object.fromEntries(each) as QueueTotals['queues'];
};
const all = new Set<string>(queueNames);
const withoutOutbound = new Set(queueNames.filter((name) => name !== 'outbound-messages'));

test.each([
  ['all is fine', {}, all, {}],
  ['one has no consumer', {}, withoutOutbound, { unserved: ['outbound-messages'] }],
  ['none has a consumer', {}, new Set<string>(), { unserved: [...all] }],
  ['jobs wait for too long', { oldestAgeSeconds: 301 }, all, { stuck: ['outbound-messages'] }],
  [
    'one is paused',
    { oldestAgeSeconds: 301, paused: true },
    withoutOutbound,
    { paused: ['outbound-messages'] },
  ],
] as const)('queues where %s', (_case, outbound, served, findings) => {
  expect(evaluateQueues({ ...noSchedules, queues: totals(outbound), served, deadLetter: empty })).toEqual({
    unserved: [],
    stuck: [],
    paused: [],
    late: [],
    run_failed: [],
    ...findings,
  });
});

const queues = totals();
const schedules = { retention: { everySeconds: 3600 }, import: { everySeconds: 60 } };
const observed = { queues, served: all, schedules, deadLetter: empty };
const ran = (
  name: string,
  ageSeconds: number | null,
  outcome: 'completed' | 'failed' = 'completed',
): Parameters<typeof evaluateQueues>[0]['runs'][0] => ({
  name,
  age_seconds: ageSeconds,
  last_run: { started_at: '2026-01-01T12:00:00.000Z', ran_ms: 1, outcome, error: null, worker: 'w' },
});

test.each([
  ['both ran in time', [ran('retention', 7200), ran('import', 119)], 0, []],
  ['one has not run for twice its interval', [ran('retention', 7201), ran('import', 0)], 0, ['retention']],
  ['the check has not run for long yet', [], 120, []],
  ['one never ran although the check has run for long', [ran('import', null)], 121, ['import']],
  ["PostgreSQL's clock was set back", [ran('retention', -5000), ran('import', -5000)], 0, []],
])('late schedules where %s', (_case, runs, observedSeconds, late) => {
  expect(evaluateQueues({ ...observed, runs, observedSeconds }).late).toEqual(late);
});

test('reports a schedule whose last run failed, but not one that this build does not know', () => {
  const runs = [ran('retention', 0), ran('import', 0, 'failed'), ran('another', 0, 'failed')];
  expect(evaluateQueues({ ...observed, runs, observedSeconds: 0 }).run_failed).toEqual(['import']);
});

test.each([
  [{ jobs: 7, max: 10, expiring: 0 }, false],
  [{ jobs: 8, max: 10, expiring: 0 }, true],
  [{ jobs: 1, max: 10, expiring: 1 }, true],
])('the dead letter %j is filling: %s', (deadLetter, isFilling) => {
  const findings = evaluateQueues({ ...noSchedules, queues, served: all, deadLetter });
  expect(findings.dead_letter_filling).toEqual(isFilling ? deadLetter : undefined);
});
