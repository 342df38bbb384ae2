import { PayloadInvalid, QueuesUnavailable, TurnMissed } from '@prosaas/queues';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { SendFailed, SendRefused, SenderAway, judgeStatus } from './baileys-client.ts';
import { LineFull } from './keyed-mutex.ts';
import {
  SENDER_PATIENCE_MS,
  Stopping,
  Suspected,
  describeError,
  judge,
  reportOf,
  type Verdict,
} from './verdict.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const answered = (code: string): Error =>
  Object.assign(new Error('told by the server'), { code, severity: 'ERROR' });

test.each<[string, unknown, Verdict['kind'], Verdict['kind']]>([
  ['the worker stops', new Stopping('x'), 'hand-back', 'hand-back'],
  ['the line is full', new LineFull('x'), 'hand-back', 'hand-back'],
  ['its turn did not come', new TurnMissed('x'), 'hand-back', 'hand-back'],
  ['it may be what workers died of', new Suspected('x'), 'hand-back', 'hand-back'],
  ['Redis is away', new QueuesUnavailable('x'), 'hand-back', 'hand-back'],
  ['the database is away', refused, 'hand-back', 'hand-back'],
  ['a column was renamed', answered('42703'), 'hand-back', 'hand-back'],
  ['a grant was revoked', answered('42501'), 'hand-back', 'hand-back'],
  ['PostgreSQL failed in an unknown way', answered('XX000'), 'hand-back', 'hand-back'],
  ['a deadlock ended it', answered('40P01'), 'retry', 'give-up'],
  ['its data can not be stored', answered('22021'), 'retry', 'give-up'],
  ['the send was refused', new SendRefused('x'), 'give-up', 'give-up'],
  ['the payload does not fit', new PayloadInvalid('x'), 'give-up', 'give-up'],
  ['it said so itself', new UnrecoverableError('x'), 'give-up', 'give-up'],
  ['nobody is there to send', new SenderAway('x', { cause: refused }), 'hand-back', 'hand-back'],
  ['the send failed', new SendFailed('x', { cause: refused }), 'retry', 'give-up'],
  ['it took too long', new DOMException('x', 'TimeoutError'), 'retry', 'give-up'],
  ['of a fault of the program', new TypeError('x'), 'retry', 'give-up'],
])('when %s, the verdict is right before the last attempt and on it', (_why, error, before, last) => {
  expect(judge(error, { lastAttempt: false, ageMs: 0 }).kind).toBe(before);
  expect(judge(error, { lastAttempt: true, ageMs: 0 }).kind).toBe(last);
});

test('who is away is waited for, less and less eagerly, until the answer is too old', () => {
  const away = (ageMs: number): Verdict => judge(new SenderAway('x'), { lastAttempt: true, ageMs });
  expect(away(0)).toEqual({ kind: 'hand-back', afterMs: 1000 });
  expect(away(20_000)).toEqual({ kind: 'hand-back', afterMs: 5000 });
  expect(away(SENDER_PATIENCE_MS - 1)).toEqual({ kind: 'hand-back', afterMs: 30_000 });
  expect(away(SENDER_PATIENCE_MS)).toEqual({ kind: 'give-up' });
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
  for (const error of [new SendRefused('x'), answered('42703'), new UnrecoverableError('x')])
    expect(reportOf(error)).toEqual({ error: describeError(error) });
  const fault = new TypeError('x');
  expect(reportOf(fault)).toEqual({ err: fault });
});
