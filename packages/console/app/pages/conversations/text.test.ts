import { expect, test } from 'vitest';
import type { ChatEvent, Conversation, Message } from './records.ts';
import {
  callText,
  contentOf,
  errorText,
  eventText,
  deliveryText,
  isHeldByOther,
  isPending,
  matchText,
  previewPrefix,
  stateText,
  waitingText,
} from './text.ts';

const message: Message = {
  id: 'm',
  direction: 'outbound',
  author: 'agent',
  person_id: null,
  kind: 'text',
  status: 'sent',
  reason: null,
  text: 'Hello',
  error: null,
  created_at: '2026-11-29T10:00:00Z',
  sent_at: null,
  delivered_at: null,
};
const dana = { id: 'dana', role: 'staff' };

test.each<[Partial<Message>, string, boolean]>([
  [{ status: 'queued' }, 'to be sent', false],
  [{}, 'sent', false],
  [{ delivered_at: 'x' }, 'delivered', false],
  [{ delivered_at: 'x', read_at: 'x' }, 'read', false],
  [{ status: 'failed', error: 'SEND_REFUSED: 479' }, 'failed: WhatsApp refused it', true],
  [{ status: 'failed', error: 'SKIPPED: not wanted' }, 'failed: given up: not wanted', true],
  [{ status: 'undelivered' }, "not delivered: the customer's phone could not read it", true],
  [{ status: 'ignored', reason: 'taken_over' }, 'not sent: a person took over', false],
  [{ direction: 'inbound', status: 'waiting_for_person' }, 'waits for a person', false],
  [{ direction: 'inbound', status: 'answered' }, 'answered', false],
  [{ direction: 'inbound', status: 'ignored', reason: 'a_new_one' }, 'no answer: a new one', false],
  [{ direction: 'inbound', status: 'failed', error: null }, 'the agent failed: unknown reason', true],
])('the status of %o is %s', (change, text, isBad) => {
  expect(deliveryText({ ...message, ...change })).toEqual({ text, isBad });
});

test('an unknown error is shown as it is, up to a maximum length', () => {
  expect(errorText('connect ECONNREFUSED')).toBe('connect ECONNREFUSED');
  expect(errorText('x'.repeat(1000))).toHaveLength(160);
});

test('a message is pending while its status will probably change soon', () => {
  const at = Date.parse(message.created_at);
  expect(isPending({ ...message, status: 'queued' }, at + 600_000)).toBe(true);
  expect(isPending({ ...message, status: 'queued' }, at + 1e9)).toBe(false);
  expect(isPending(message, at + 60_000)).toBe(true);
  expect(isPending(message, at + 600_000)).toBe(false);
  expect(isPending({ ...message, delivered_at: 'x' }, at)).toBe(false);
});

test('describes where an answer came from', () => {
  expect(matchText(undefined)).toBeUndefined();
  expect(matchText({ source: 'faq', question: 'Is there parking?' })).toBe('from “Is there parking?”');
  expect(matchText({ source: 'hand-off', reason: 'asked' })).toBe('passed on: asked for a person');
  expect(matchText({ source: 'a-new-rule' })).toBe('from a-new-rule');
});

test('the preview says who wrote the message', () => {
  expect(['customer', 'agent', 'person', 'phone'].map(previewPrefix)).toEqual([
    '',
    'Agent: ',
    'Team: ',
    'Team: ',
  ]);
});

test('a message that is not text has a kind', () => {
  expect(contentOf({ ...message, kind: 'image', text: '[image] my receipt' })).toEqual({
    kind: 'Picture',
    text: 'my receipt',
  });
  expect(contentOf(message)).toEqual({ kind: undefined, text: 'Hello' });
});

const chat = {
  state: 'person',
  person_id: 'dana',
  person_name: 'Dana',
  state_reason: 'taken_over',
} as Conversation;

test('shows who has a chat, to that person and to others', () => {
  expect(stateText(chat, dana).text).toBe('with you');
  expect(stateText(chat, { id: 'noa', role: 'staff' }).text).toBe('with Dana');
  expect(stateText(chat, null).text).toBe('with Dana');
  expect(stateText({ ...chat, state: 'waiting' }, null)).toEqual({ level: 'warn', text: 'waiting' });
  expect(waitingText('something_new')).toBe('something new');
});

test('staff cannot take a chat from an unknown holder, an owner can', () => {
  const phone = { ...chat, person_id: null };
  expect(isHeldByOther(phone, dana)).toBe(true);
  expect(isHeldByOther(phone, { ...dana, role: 'owner' })).toBe(false);
  expect(isHeldByOther(chat, dana)).toBe(false);
  expect(isHeldByOther(chat, { id: 'noa', role: 'owner' })).toBe(true);
  expect(isHeldByOther(chat, null)).toBe(false);
});

test.each<[Partial<ChatEvent>, string]>([
  [{ event: 'taken_over', person_id: 'dana' }, 'You took over'],
  [{ event: 'taken_over', actor: 'phone' }, "Whoever has the account's phone took over"],
  [{ event: 'assigned', person_name: 'Noa', reason: 'by Dana' }, 'Assigned to Noa by Dana'],
  [{ event: 'needs_person', reason: 'complaint' }, 'Needs a person: complains'],
  [{ event: 'time_up', to_state: 'waiting' }, 'No answer from the person in charge: the chat waits again'],
  [{ event: 'something_new', reason: 'why' }, 'something new: why'],
])('the event %o is shown as %s', (change, text) => {
  const event: ChatEvent = {
    id: '1',
    at: '',
    event: '',
    to_state: '',
    reason: null,
    actor: 'person',
    person_id: null,
    person_name: null,
    ...change,
  };
  expect(eventText(event, dana)).toBe(text);
});

test('shows how a call ended', () => {
  const call = {
    id: 'c',
    outcome: null,
    reason: null,
    started_at: '',
    answered_at: null,
    ended_at: null,
    recordings: [],
  };
  expect(callText(call)).toBe('ringing');
  expect(callText({ ...call, outcome: 'completed', recordings: [{}] })).toBe('completed, left a message');
  expect(callText({ ...call, outcome: 'error', reason: 'stream_lost' })).toBe('failed: stream lost');
});
