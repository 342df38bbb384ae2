import type { CallRow } from '@prosaas/database';
import { expect, test } from 'vitest';
import { type CallEvent, type CallStatus, callStatuses, outcomeOfStatus, nextCall } from './call-state.ts';

const start = new Date('2026-01-01T10:00:00Z');
const fresh: CallRow = {
  id: 'CA1',
  business_id: 'default',
  from_number: null,
  to_number: null,
  status: 'queued',
  outcome: null,
  reason: null,
  started_at: start,
  answered_at: null,
  ended_at: null,
  timeline: [],
};

function after(...events: CallEvent[]): CallRow {
  return events.reduce(
    (call, event, at) => nextCall(call, event, new Date(start.getTime() + 1000 * (at + 1))),
    fresh,
  );
}

const offered: CallEvent = { type: 'offered', from: '+15550100', to: '+15550199' };
const answered: CallEvent = { type: 'answered' };
const finished: CallEvent = { type: 'ended', outcome: 'completed', reason: 'finished' };
const status = (name: CallStatus): CallEvent => ({ type: 'status', status: name });

test.each<[string, CallEvent[], Partial<CallRow>]>([
  [
    'an orderly call',
    [offered, answered, finished, status('completed')],
    { status: 'completed', outcome: 'completed' },
  ],
  ['a callback twice', [offered, status('ringing'), status('ringing')], { status: 'ringing', outcome: null }],
  ['a callback out of order', [offered, answered, status('ringing')], { status: 'in-progress' }],
  [
    'a late callback after the end',
    [offered, answered, finished, status('in-progress')],
    { status: 'completed' },
  ],
  ['two ends: the first stays', [offered, status('no-answer'), status('completed')], { status: 'no-answer' }],
  [
    'the end before the offer',
    [status('completed'), { ...finished, reason: 'provider' }, offered],
    {
      status: 'completed',
      outcome: 'completed',
      reason: 'provider',
      from_number: '+15550100',
      to_number: '+15550199',
    },
  ],
  [
    'two ends of the service: the first stays',
    [offered, answered, { type: 'ended', outcome: 'error', reason: 'stream_lost' }, finished],
    { outcome: 'error', reason: 'stream_lost', status: 'failed' },
  ],
  [
    'a rejected call',
    [offered, { type: 'rejected', reason: 'max_concurrent' }, status('busy'), finished],
    { status: 'busy', outcome: 'rejected', reason: 'max_concurrent' },
  ],
  [
    'a call that one replica rejected and another one accepted',
    [offered, { type: 'rejected', reason: 'shutting_down' }, offered, answered, finished],
    { status: 'completed', outcome: 'completed', reason: 'finished' },
  ],
  [
    'a second offer, which keeps the numbers of the first',
    [offered, { type: 'offered', from: '+1', to: '+2' }],
    { from_number: '+15550100' },
  ],
])('applies %s', (_name, events, expected) => {
  expect(after(...events)).toMatchObject(expected);
});

test('keeps the times of the first answer and the first end', () => {
  const call = after(offered, answered, finished, status('completed'), answered);
  expect(call.answered_at).toEqual(new Date('2026-01-01T10:00:02Z'));
  expect(call.ended_at).toEqual(new Date('2026-01-01T10:00:03Z'));
});

test('only a final status ends a call, and only `completed` without an error', () => {
  expect(Object.fromEntries(callStatuses.map((name) => [name, outcomeOfStatus(name)]))).toEqual({
    queued: undefined,
    initiated: undefined,
    ringing: undefined,
    'in-progress': undefined,
    completed: 'completed',
    busy: 'error',
    failed: 'error',
    'no-answer': 'error',
    canceled: 'error',
  });
});

test('the final status does not depend on the order of the events', () => {
  const all = [offered, answered, status('ringing'), status('in-progress'), finished];
  for (let turn = 0; turn < all.length; turn++) {
    const events = [...all.slice(turn), ...all.slice(0, turn)];
    expect(after(...events)).toMatchObject({
      status: 'completed',
      outcome: 'completed',
      from_number: '+15550100',
    });
  }
});
