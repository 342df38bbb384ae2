import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { PayloadInvalid, checkPayload, createPayloadCheck } from './payload.ts';

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

test('a payload of an older form is upgraded; one that cannot be is refused with the reason, and one of today is left alone', () => {
  const check = createPayloadCheck('q', {
    payload: Type.Object({ id: Type.String(), copies: Type.Integer() }),
    upgrade: (old) => {
      const { name } = old as { name?: string };
      if (name === 'gone') throw new Error('there is no such form any more');
      return { id: name, copies: 1 };
    },
  });
  expect(check({ name: 'a' })).toEqual({ id: 'a', copies: 1 });
  expect(check({ id: 'b', copies: 2 })).toEqual({ id: 'b', copies: 2 });
  expect(() => check({ name: 7 })).toThrow(/^payload of q: .*id/);
  expect(() => check({ name: 'gone' })).toThrow(/^payload of q: .*no such form/);
});
