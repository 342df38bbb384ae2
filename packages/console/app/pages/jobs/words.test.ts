import { expect, test } from 'vitest';
import {
  conversationIn,
  conversationOf,
  filterInWords,
  filterOf,
  isLate,
  refusedInWords,
  rowIdOf,
  stateOfQueue,
} from './words.ts';

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
  [figures, {}, 'good', 'nothing to do'],
  [{ ...figures, active: 1 }, {}, 'good', 'works'],
  [{ ...figures, paused: true }, { unserved: [name] }, 'warn', 'paused'],
  [figures, { unserved: [name] }, 'bad', 'no worker takes its jobs'],
  [{ ...figures, waiting: 2, oldestAgeSeconds: 360 }, { stuck: [name] }, 'bad', 'stuck for 6 min'],
  [figures, { stuck: ['inbound-messages'] }, 'good', 'nothing to do'],
])('a queue with %j and %j is %s: %s', (seen, facts, level, words) => {
  expect(stateOfQueue(name, seen, facts)).toEqual({ level, words });
});

test('a filter stands in the address and is said in words', () => {
  const filter = filterOf(new URLSearchParams('code=SEND_REFUSED&queue=notices&contains=&wrong=1'));
  expect(filter).toEqual({ code: 'SEND_REFUSED', queue: 'notices' });
  expect(filterInWords(filter)).toBe('that failed with SEND_REFUSED, in “Notices by e-mail”');
  expect(filterInWords({})).toBe('that failed');
});

test('a conversation is found in a link and in a payload', () => {
  const id = '0197f0a2-0000-7000-8000-00000000000a';
  expect(conversationIn(`http://x/#/conversations/${id.toUpperCase()}?a=1`)).toBe(id);
  expect(conversationIn('nothing')).toBeUndefined();
  expect(conversationOf({ conversationId: id })).toBe(id);
  expect([conversationOf(null), conversationOf({ conversationId: 7 })]).toEqual([undefined, undefined]);
});

test('refusals are counted by their code', () => {
  expect(refusedInWords([{ code: 'A' }, { code: 'B' }, { code: 'A' }])).toBe('2 A, 1 B');
});

test('the id of a job is the first part of that in BullMQ', () => {
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
