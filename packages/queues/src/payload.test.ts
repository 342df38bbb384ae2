import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { PayloadInvalid, checkPayload } from './payload.ts';

const good = { messageId: randomUUID(), conversationId: randomUUID(), businessId: 'default' };

test('a payload that fits is given back, with fields of a newer version left in', () => {
  expect(checkPayload('inbound-messages', { ...good, trace: 'x' })).toEqual({ ...good, trace: 'x' });
});

test.each([
  ['no object', null],
  ['a missing field', { ...good, conversationId: undefined }],
  ['an id that is none', { ...good, messageId: 'one' }],
  ['a wrong type', { ...good, businessId: 7 }],
])('%s is refused with a reason', (_what, payload) => {
  expect(() => checkPayload('outbound-messages', payload)).toThrow(PayloadInvalid);
  expect(() => checkPayload('outbound-messages', payload)).toThrow(/^payload of outbound-messages: ./);
});

test('all faults are told at once', () => {
  expect(() => checkPayload('inbound-messages', { messageId: 1, conversationId: 2, businessId: '' })).toThrow(
    /messageId.*conversationId.*businessId/,
  );
});

test('a payload of a queue that this release does not know is refused', () => {
  expect(() => checkPayload('echo' as never, good)).toThrow(/^payload of echo: unknown queue$/);
});
