import { PayloadInvalid } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { SendFailed, SendRefused, SenderAway, judgeStatus } from './baileys-client.ts';
import {
  RetryNow,
  SENDER_PATIENCE_MS,
  Stopping,
  Superseded,
  TimeIsUp,
  backoffMs,
  describeError,
  judge,
  reportOf,
  type Verdict,
} from './verdict.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const answered = (code: string): Error =>
  Object.assign(new Error('told by the server'), { code, severity: 'ERROR' });

test.each<[string, unknown, Verdict['kind'], Verdict['kind']]>([
  ['the worker stops', new Stopping('x'), 'requeue', 'requeue'],
  ['the conversation changed hands', new RetryNow('x'), 'requeue', 'requeue'],
  ['the job ended elsewhere', new Superseded('x'), 'superseded', 'superseded'],
  ['the database is away', refused, 'requeue', 'requeue'],
  ['a column was renamed', answered('42703'), 'requeue', 'requeue'],
  ['a grant was revoked', answered('42501'), 'requeue', 'requeue'],
  ['PostgreSQL failed in an unknown way', answered('XX000'), 'requeue', 'requeue'],
  ['a deadlock ended it', answered('40P01'), 'retry', 'fail'],
  ['its data can not be stored', answered('22021'), 'retry', 'fail'],
  ['the send was refused', new SendRefused('x'), 'fail', 'fail'],
  ['the payload does not fit', new PayloadInvalid('x'), 'fail', 'fail'],
  ['nobody is there to send', new SenderAway('x', { cause: refused }), 'requeue', 'requeue'],
  ['the send failed', new SendFailed('x', { cause: refused }), 'retry', 'fail'],
  ['it took too long', new TimeIsUp(), 'retry', 'fail'],
  ['of a fault of the program', new TypeError('x'), 'retry', 'fail'],
])('when %s, the verdict is right before the last attempt and on it', (_why, error, before, last) => {
  expect(judge(error, { isLastAttempt: false, ageMs: 0 }).kind).toBe(before);
  expect(judge(error, { isLastAttempt: true, ageMs: 0 }).kind).toBe(last);
});

test('who is away is waited for, less and less eagerly, until the answer is too old', () => {
  const away = (ageMs: number): Verdict => judge(new SenderAway('x'), { isLastAttempt: true, ageMs });
  expect(away(0)).toEqual({ kind: 'requeue', afterMs: 1000 });
  expect(away(20_000)).toEqual({ kind: 'requeue', afterMs: 5000 });
  expect(away(SENDER_PATIENCE_MS - 1)).toEqual({ kind: 'requeue', afterMs: 30_000 });
  expect(away(SENDER_PATIENCE_MS)).toEqual({ kind: 'fail' });
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
])('an answer of %i to a send means: %s', (status, verdict) => {
  expect(judgeStatus(status)).toBe(verdict);
});

test('what is kept of an error has no stack and is short', () => {
  expect(describeError(new SendRefused('no such session'))).toBe('SEND_REFUSED: no such session');
  expect(describeError(new TypeError('x'.repeat(9999)))).toHaveLength(500);
});

test('an error that is expected has no stack in the log', () => {
  for (const error of [new SendRefused('x'), answered('42703'), new TimeIsUp()])
    expect(reportOf(error)).toEqual({ error: describeError(error) });
  const fault = new TypeError('x');
  expect(reportOf(fault)).toEqual({ err: fault });
});

test('the pause after a failure doubles, and up to a quarter of it is drawn', () => {
  const backoff = { delayMs: 1000, jitter: 0.25 };
  expect([1, 2, 3, 7].map((attempt) => backoffMs(backoff, attempt, 0))).toEqual([1000, 2000, 4000, 64_000]);
  expect([1, 7].map((attempt) => backoffMs(backoff, attempt, 1))).toEqual([750, 48_000]);
});
