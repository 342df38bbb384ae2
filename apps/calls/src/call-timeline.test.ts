import type { CallTimelineEntry } from '@prosaas/database';
import { expect, test } from 'vitest';
import type { CallEvent } from './call-state.ts';
import { nextTimeline } from './call-timeline.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 10, 0, second));
const after = (...events: [number, CallEvent][]): string[] =>
  events
    .reduce<CallTimelineEntry[]>((timeline, [second, event]) => nextTimeline(timeline, event, at(second)), [])
    .map((entry) => `${entry.at.slice(17, 19)} ${entry.event}${entry.detail ? ` ${entry.detail}` : ''}`);

test('sorts the timeline by time, each event once', () => {
  const offered: CallEvent = { type: 'offered', from: undefined, to: undefined };
  expect(
    after(
      [3, { type: 'status', status: 'in-progress' }],
      [1, offered],
      [2, { type: 'step', step: 'accepted' }],
      [4, { type: 'answered' }],
      [4, { type: 'step', step: 'greeting' }],
      [5, offered],
      [9, { type: 'status', status: 'completed' }],
      [9, { type: 'status', status: 'completed' }],
      [8, { type: 'ended', outcome: 'completed', reason: 'finished' }],
      [10, { type: 'ended', outcome: 'error', reason: 'lease_expired' }],
    ),
  ).toEqual([
    '01 webhook',
    '02 accepted',
    '03 status in-progress',
    '04 stream',
    '04 greeting',
    '08 ended finished',
    '09 status completed',
  ]);
});

test('has at most 50 entries, including the end', () => {
  const steps = Array.from({ length: 100 }, (_, index): [number, CallEvent] => [
    0,
    { type: 'step', step: 'message', detail: String(index) },
  ]);
  const entries = after(...steps, [1, { type: 'ended', outcome: 'completed', reason: 'finished' }]);
  expect([entries.length, entries.at(-1)]).toEqual([50, '01 ended finished']);
});
