import type { ConversationState } from '@prosaas/database';
import { expect, test } from 'vitest';
import { type ConversationEvent, nextState } from './state-machine.ts';

const states: ConversationState[] = ['agent', 'waiting', 'person', 'closed'];

test.each<[ConversationEvent['type'], ...ConversationState[]]>([
  // before: agent, waiting, person, closed
  ['customer_wrote', 'agent', 'waiting', 'person', 'agent'],
  ['needs_person', 'waiting', 'waiting', 'person', 'waiting'],
  ['taken_over', 'person', 'person', 'person', 'person'],
  ['assigned', 'person', 'person', 'person', 'person'],
  ['person_wrote', 'person', 'person', 'person', 'person'],
  ['given_back', 'agent', 'agent', 'agent', 'closed'],
  ['time_up', 'agent', 'waiting', 'agent', 'closed'],
  ['failure_resolved', 'agent', 'agent', 'person', 'closed'],
  ['closed', 'closed', 'closed', 'closed', 'closed'],
  ['reopened', 'agent', 'waiting', 'person', 'agent'],
  ['opted_out', 'agent', 'waiting', 'person', 'closed'],
  ['opted_in', 'agent', 'waiting', 'person', 'closed'],
])('after %s', (type, ...after) => {
  const event = { type, ...(type === 'needs_person' && { reason: 'asked' }) } as ConversationEvent;
  expect(states.map((state) => nextState(state, event, { isUnanswered: false }))).toEqual(after);
});

test("when a person's time is over and a message has no answer, the conversation waits", () => {
  const after = states.map((state) => nextState(state, { type: 'time_up' }, { isUnanswered: true }));
  expect(after).toEqual(['agent', 'waiting', 'waiting', 'closed']);
});

test('a resolved failure changes nothing while another message has no answer', () => {
  expect(nextState('waiting', { type: 'failure_resolved' }, { isUnanswered: true })).toBe('waiting');
  expect(nextState('person', { type: 'failure_resolved' }, { isUnanswered: true })).toBe('person');
});

test('an emergency makes a conversation wait in every state', () => {
  const event: ConversationEvent = { type: 'needs_person', reason: 'emergency' };
  expect(states.map((state) => nextState(state, event, { isUnanswered: false }))).toEqual(
    Array.from(states, () => 'waiting'),
  );
});
