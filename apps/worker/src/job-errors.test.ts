import { PayloadInvalid } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { SendFailed, SendRefused, SenderAway, classifyStatus } from './baileys-client.ts';
import {
  RetryNow,
  MAX_SENDER_WAIT_MS,
  Stopping,
  Superseded,
  TimeIsUp,
  backoffMs,
  describeError,
  actionFor,
  errorFields,
  type ErrorAction,
} from './job-errors.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const answered = (code: string): Error =>
  Object.assign(new Error('from the server'), { code, severity: 'ERROR' });

test.each<[string, unknown, ErrorAction['kind'], ErrorAction['kind']]>([
  ['the worker stops', new Stopping('x'), 'requeue', 'requeue'],
  ['the conversation was changed', new RetryNow('x'), 'requeue', 'requeue'],
  ['the job ended elsewhere', new Superseded('x'), 'superseded', 'superseded'],
  ['the database is away', refused, 'requeue', 'requeue'],
  ['a column was renamed', answered('42703'), 'requeue', 'requeue'],
  ['a grant was revoked', answered('42501'), 'requeue', 'requeue'],
  ['PostgreSQL failed in an unknown way', answered('XX000'), 'requeue', 'requeue'],
  ['it was aborted by a deadlock', answered('40P01'), 'requeue', 'requeue'],
  ['its data cannot be stored', answered('22021'), 'retry', 'fail'],
  ['the send was refused', new SendRefused('x'), 'fail', 'fail'],
  ['the payload is invalid', new PayloadInvalid('x'), 'fail', 'fail'],
  ['the sender is away', new SenderAway('x', { cause: refused }), 'requeue', 'requeue'],
  ['the send failed', new SendFailed('x', { cause: refused }), 'retry', 'fail'],
  ['it took too long', new TimeIsUp(), 'retry', 'fail'],
  ['the program has a bug', new TypeError('x'), 'retry', 'fail'],
])('when %s, decides by whether it is the last attempt', (_why, error, before, last) => {
  expect(actionFor(error, { isLastAttempt: false, ageMs: 0 }).kind).toBe(before);
  expect(actionFor(error, { isLastAttempt: true, ageMs: 0 }).kind).toBe(last);
});

test('waits for a sender that is away, with growing delays, until the answer is too old', () => {
  const away = (ageMs: number): ErrorAction => actionFor(new SenderAway('x'), { isLastAttempt: true, ageMs });
  expect(away(0)).toEqual({ kind: 'requeue', afterMs: 1000 });
  expect(away(20_000)).toEqual({ kind: 'requeue', afterMs: 5000 });
  expect(away(MAX_SENDER_WAIT_MS - 1)).toEqual({ kind: 'requeue', afterMs: 30_000 });
  expect(away(MAX_SENDER_WAIT_MS)).toEqual({ kind: 'fail' });
});

test.each([
  [200, 'sent'],
  [201, 'sent'],
  [400, 'refused'],
  [404, 'refused'],
  [413, 'refused'],
  [422, 'refused'],
  [401, 'away'],
  [409, 'away'],
  [429, 'retry'],
  [500, 'retry'],
  [503, 'away'],
  [504, 'retry'],
  [302, 'away'],
])('classifies the status %i of a send as %s', (status, result) => {
  expect(classifyStatus(status)).toBe(result);
});

test('lock errors use up attempts after an hour', () => {
  const error = answered('55P03');
  expect(actionFor(error, { isLastAttempt: true, ageMs: 3_599_999 }).kind).toBe('requeue');
  expect(actionFor(error, { isLastAttempt: true, ageMs: 3_600_000 }).kind).toBe('fail');
});

test('describes an error without NUL and without half a surrogate pair', () => {
  const text = `${'x'.repeat(493)}\0${'😀'.repeat(9)}`;
  const described = describeError(new Error(text));
  expect(described).not.toContain('\0');
  expect(described.isWellFormed()).toBe(true);
});

test('describes an error without its stack and in at most 500 characters', () => {
  expect(describeError(new SendRefused('no such session'))).toBe('SEND_REFUSED: no such session');
  expect(describeError(new TypeError('x'.repeat(9999)))).toHaveLength(500);
});

test('an expected error has no stack in the log', () => {
  for (const error of [new SendRefused('x'), answered('42703'), new TimeIsUp()])
    expect(errorFields(error)).toEqual({ error: describeError(error) });
  const bug = new TypeError('x');
  expect(errorFields(bug)).toEqual({ err: bug });
});

test('the delay after a failure doubles, and up to a quarter of it is random', () => {
  const backoff = { delayMs: 1000, jitter: 0.25 };
  expect([1, 2, 3, 7].map((attempt) => backoffMs(backoff, attempt, 0))).toEqual([1000, 2000, 4000, 64_000]);
  expect([1, 7].map((attempt) => backoffMs(backoff, attempt, 1))).toEqual([750, 48_000]);
});
