import { PayloadInvalid, QueuesUnavailable } from '@prosaas/queues';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { SendFailed, SendRefused, judgeStatus } from './baileys-client.ts';
import { LineFull } from './keyed-mutex.ts';
import { Stopping, describeError, judge, type Verdict } from './verdict.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test.each<[string, unknown, Verdict['kind'], Verdict['kind']]>([
  ['the worker stops', new Stopping('x'), 'hand-back', 'hand-back'],
  ['the line is full', new LineFull('x'), 'hand-back', 'hand-back'],
  ['the database is away', refused, 'hand-back', 'hand-back'],
  ['the send was refused', new SendRefused('x'), 'give-up', 'give-up'],
  ['the payload does not fit', new PayloadInvalid('x'), 'give-up', 'give-up'],
  ['it said so itself', new UnrecoverableError('x'), 'give-up', 'give-up'],
  ['the send failed', new SendFailed('x', { cause: refused }), 'retry', 'give-up'],
  ['Redis is away', new QueuesUnavailable('x'), 'retry', 'give-up'],
  ['it took too long', new DOMException('x', 'TimeoutError'), 'retry', 'give-up'],
  ['of a fault of the program', new TypeError('x'), 'retry', 'give-up'],
])('when %s, the verdict is right before the last attempt and on it', (_why, error, before, last) => {
  expect(judge(error, { lastAttempt: false }).kind).toBe(before);
  expect(judge(error, { lastAttempt: true }).kind).toBe(last);
});

test.each([
  [200, 'sent'],
  [201, 'sent'],
  [400, 'refused'],
  [404, 'refused'],
  [413, 'refused'],
  [422, 'refused'],
  [401, 'retry'],
  [409, 'retry'],
  [429, 'retry'],
  [500, 'retry'],
  [503, 'retry'],
  [504, 'retry'],
  [302, 'retry'],
])('an answer of %i to a send means: %s', (status, verdict) => {
  expect(judgeStatus(status)).toBe(verdict);
});

test('what is kept of an error has no stack and is short', () => {
  expect(describeError(new SendRefused('no such session'))).toBe('SEND_REFUSED: no such session');
  expect(describeError(new TypeError('x'.repeat(9999)))).toHaveLength(500);
});
