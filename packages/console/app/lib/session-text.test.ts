import { expect, test } from 'vitest';
import type { FailingSession, SessionsSummary } from './live-values.ts';
import { sessionsProblem, sessionsSentence, statusOf } from './session-text.ts';

const failing = (id: string, more: Partial<FailingSession> = {}): FailingSession => ({
  id,
  status: 'FAILED',
  reason: 'logged_out',
  since: '2026-11-29T02:14:00Z',
  waiting: 0,
  ...more,
});
const summaryOf = (sessions: FailingSession[], counts: Record<string, number>): SessionsSummary => ({
  changed: '',
  counts,
  failing: sessions,
});

test('a logged-out session is named, with its waiting messages and a link to pair it again', () => {
  const sessions = summaryOf([failing('front-desk', { waiting: 12 })], { FAILED: 1, WORKING: 3 });
  expect(sessionsProblem(sessions, true)).toEqual({
    sentence: 'WhatsApp session front-desk is logged out',
    since: '2026-11-29T02:14:00Z',
    consequence: '12 messages wait',
    action: { text: 'Pair it again', href: '#/whatsapp/front-desk' },
  });
  expect(sessionsProblem(sessions, false)?.action.text).toBe('See the session');
});

test.each<[Partial<FailingSession>, string]>([
  [{ status: 'SCAN_QR_CODE', reason: null }, 'WhatsApp session a has to be paired'],
  [{ status: 'STARTING', reason: 'unreachable' }, 'WhatsApp session a cannot reach WhatsApp'],
  [{ status: 'STARTING', reason: null }, 'WhatsApp session a does not work'],
])('%j: %s', (how, sentence) => {
  expect(sessionsProblem(summaryOf([failing('a', how)], { FAILED: 1 }), true)?.sentence).toBe(sentence);
});

test('several sessions are counted, with the first names and the earliest time', () => {
  const sessions = ['a', 'b', 'c', 'd', 'e'].map((id, index) =>
    failing(id, { waiting: 1, since: `2026-11-29T02:1${9 - index}:00Z` }),
  );
  expect(sessionsProblem(summaryOf(sessions, { FAILED: 7, STOPPED: 2, WORKING: 1 }), true)).toEqual({
    sentence: '7 WhatsApp sessions do not work: a, b, c and 4 more',
    since: '2026-11-29T02:15:00Z',
    consequence: 'more than 5 messages wait',
    action: { text: 'See the sessions', href: '#/whatsapp?wrong=1' },
  });
  expect(sessionsProblem(summaryOf([], { WORKING: 1 }), true)).toBeUndefined();
});

test.each([
  [{ wanted: 1, working: 0, reasons: { logged_out: 1 } }, 'The WhatsApp session is logged out'],
  [{ wanted: 3, working: 2, reasons: { logged_out: 1 } }, '1 of 3 WhatsApp sessions is logged out'],
  [{ wanted: 3, working: 1, reasons: { logged_out: 2 } }, '2 of 3 WhatsApp sessions are logged out'],
  [{ wanted: 3, working: 1, reasons: { logged_out: 1, banned: 1 } }, '2 of 3 WhatsApp sessions do not work'],
  [{ wanted: 0, working: 0, reasons: undefined }, 'The WhatsApp session does not work'],
])('without names: %j', (facts, sentence) => {
  expect(sessionsSentence(facts)).toBe(sentence);
});

test('each status has a label and a level', () => {
  const levels = ['WORKING', 'STOPPED', 'FAILED', 'UNKNOWN'].map((status) => statusOf(status, null).level);
  expect(levels).toEqual(['good', 'idle', 'bad', 'warn']);
  expect(statusOf('WORKING', 'receiving_stalled').level).toBe('warn');
  expect(statusOf('FAILED', 'logged_out').label).toBe('logged out');
});
