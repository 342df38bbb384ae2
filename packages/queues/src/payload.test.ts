import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { PayloadInvalid, checkPayload } from './payload.ts';

const good = { messageId: randomUUID(), conversationId: randomUUID(), businessId: 'default' };

test('returns a valid payload and keeps unknown fields', () => {
  expect(checkPayload('inbound-messages', { ...good, trace: 'x' })).toEqual({ ...good, trace: 'x' });
});

test.each([
  ['null', null],
  ['a missing field', { ...good, conversationId: undefined }],
  ['a malformed id', { ...good, messageId: 'one' }],
  ['a wrong type', { ...good, businessId: 7 }],
])('%s is refused with a reason', (_what, payload) => {
  expect(() => checkPayload('outbound-messages', payload)).toThrow(PayloadInvalid);
  expect(() => checkPayload('outbound-messages', payload)).toThrow(/^payload of outbound-messages: ./);
});

test('names all faults in one error', () => {
  expect(() => checkPayload('inbound-messages', { messageId: 1, conversationId: 2, businessId: '' })).toThrow(
    /messageId.*conversationId.*businessId/,
  );
});

test('refuses a payload of an unknown queue', () => {
  expect(() => checkPayload('echo' as never, good)).toThrow(/^payload of echo: unknown queue$/);
});
