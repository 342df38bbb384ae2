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
  expect(judgeQueues({ queues, served })).toEqual({ unserved: [], stuck: [], paused: [], ...judged });
});
