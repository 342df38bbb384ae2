import { expect, test } from 'vitest';
import {
  conversationIn,
  conversationOf,
  describeFilter,
  filterOf,
  isLate,
  describeRefusals,
  rowIdOf,
  stateOfQueue,
} from './text.ts';

const figures = {
  paused: false,
  waiting: 0,
  active: 0,
  delayed: 0,
  oldestAgeSeconds: 0,
  completedPerMinute: null,
};
const name = 'notices';

test.each([
  [figures, {}, 'good', 'idle'],
  [{ ...figures, active: 1 }, {}, 'good', 'working'],
  [{ ...figures, paused: true }, { unserved: [name] }, 'warn', 'paused'],
  [figures, { unserved: [name] }, 'bad', 'no worker takes its jobs'],
  [{ ...figures, waiting: 2, oldestAgeSeconds: 360 }, { stuck: [name] }, 'bad', 'stuck for 6 min'],
  [figures, { stuck: ['inbound-messages'] }, 'good', 'idle'],
])('a queue with %j and %j is %s: %s', (seen, facts, level, label) => {
  expect(stateOfQueue(name, seen, facts)).toEqual({ level, label });
});

test('reads a filter from the address and describes it', () => {
  const filter = filterOf(new URLSearchParams('code=SEND_REFUSED&queue=notices&contains=&wrong=1'));
  expect(filter).toEqual({ code: 'SEND_REFUSED', queue: 'notices' });
  expect(describeFilter(filter)).toBe('that failed with SEND_REFUSED, in “Notices by e-mail”');
  expect(describeFilter({})).toBe('that failed');
});

test('finds the conversation in a link and in a payload', () => {
  const id = '0197f0a2-0000-7000-8000-00000000000a';
  expect(conversationIn(`http://x/#/conversations/${id.toUpperCase()}?a=1`)).toBe(id);
  expect(conversationIn('nothing')).toBeUndefined();
  expect(conversationOf({ conversationId: id })).toBe(id);
  expect([conversationOf(null), conversationOf({ conversationId: 7 })]).toEqual([undefined, undefined]);
});

test('counts refusals by code', () => {
  expect(describeRefusals([{ code: 'A' }, { code: 'B' }, { code: 'A' }])).toBe('2 A, 1 B');
});

test('the id of a job is the first part of its BullMQ id', () => {
  expect(rowIdOf('12-3')).toBe('12');
});

test.each([
  [10, 9, false],
  [10, 25, true],
  [3600, 60, false],
  [3600, 3700, true],
  [5, 10, false],
  [5, 16, true],
])('a schedule of every %s s that is %s s overdue is late: %s', (every, overdue, late) => {
  const now = 1_000_000_000;
  const next = new Date(now - overdue * 1000).toISOString();
  expect(isLate({ every_seconds: every, next_run: next }, now)).toBe(late);
});
