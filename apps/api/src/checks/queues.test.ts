import type { QueueTotals } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { judgeQueues } from './queues.ts';

type Depths = QueueTotals['queues']['inbound-messages'];

const depths = (own: Partial<Depths> = {}): Depths => ({
  waiting: 0,
  active: 0,
  delayed: 0,
  failed: 0,
  enqueued: 0,
  completed: 0,
  failedTotal: 0,
  deadLetter: 0,
  paused: false,
  oldestAgeSeconds: 0,
  ...own,
});
const empty = { letters: 0, max: 10, expiring: 0 };
const both = new Set(['inbound-messages', 'outbound-messages']);

test.each([
  ['all is well', {}, both, {}],
  ['nobody serves one', {}, new Set(['inbound-messages']), { unserved: ['outbound-messages'] }],
  ['nobody serves any', {}, new Set<string>(), { unserved: [...both] }],
  ['jobs wait for long', { oldestAgeSeconds: 301 }, both, { stuck: ['outbound-messages'] }],
  [
    'it is paused',
    { oldestAgeSeconds: 301, paused: true },
    new Set(['inbound-messages']),
    { paused: ['outbound-messages'] },
  ],
] as const)('where %s', (_what, outbound, served, judged) => {
  const queues = { 'inbound-messages': depths(), 'outbound-messages': depths(outbound) };
  expect(judgeQueues({ queues, served, schedules: [], deadLetter: empty, nowMs: 0 })).toEqual({
    unserved: [],
    stuck: [],
    paused: [],
    late: [],
    run_failed: [],
    ...judged,
  });
});

test('a schedule that is overdue, or not planned, is late', () => {
  const nowMs = Date.parse('2026-01-01T12:00:00Z');
  const queues = { 'inbound-messages': depths(), 'outbound-messages': depths() };
  const schedules = [
    { name: 'planned', next_run: '2026-01-01T13:00:00.000Z', last_run: null },
    { name: 'due', next_run: '2026-01-01T11:59:00.000Z', last_run: null },
    { name: 'overdue', next_run: '2026-01-01T11:54:00.000Z', last_run: null },
    { name: 'unknown', next_run: null, last_run: null },
  ];
  expect(judgeQueues({ queues, served: both, schedules, deadLetter: empty, nowMs }).late).toEqual([
    'overdue',
    'unknown',
  ]);
});

test('a schedule whose last run failed is told', () => {
  const queues = { 'inbound-messages': depths(), 'outbound-messages': depths() };
  const ended = (
    name: string,
    outcome: 'completed' | 'failed',
  ): Parameters<typeof judgeQueues>[0]['schedules'][0] => ({
    name,
    next_run: '2026-01-01T13:00:00.000Z',
    last_run: { started_at: '2026-01-01T12:00:00.000Z', ran_ms: 1, outcome, error: null, worker: 'w' },
  });
  const schedules = [ended('well', 'completed'), ended('ill', 'failed')];
  expect(judgeQueues({ queues, served: both, schedules, deadLetter: empty, nowMs: 0 }).run_failed).toEqual([
    'ill',
  ]);
});

test.each([
  [{ letters: 7, max: 10, expiring: 0 }, false],
  [{ letters: 8, max: 10, expiring: 0 }, true],
  [{ letters: 1, max: 10, expiring: 1 }, true],
])('a dead letter of %j fills: %s', (deadLetter, fills) => {
  const queues = { 'inbound-messages': depths(), 'outbound-messages': depths() };
  const judged = judgeQueues({ queues, served: both, schedules: [], deadLetter, nowMs: 0 });
  expect(judged.dead_letter_filling).toEqual(fills ? deadLetter : undefined);
});
