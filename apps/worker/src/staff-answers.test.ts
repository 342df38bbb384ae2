import { expect, test } from 'vitest';
import { type StaffAnswerInput, decideStaffAnswer, readStaffAnswer } from './staff-answers.ts';

test.each([
  ['1', 'take'],
  [' 1 ', 'take'],
  ['1.', 'take'],
  ['(1)', 'take'],
  ['1️⃣', 'take'],
  ['１', 'take'],
  ['١', 'take'],
  ['۱', 'take'],
  ['\u200f1', 'take'],
  ['2', 'give'],
  ['2!', 'give'],
  ['٢', 'give'],
  ['12', undefined],
  ['11', undefined],
  ['3', undefined],
  ['1 please', undefined],
  ['', undefined],
  ['I am driving', undefined],
  [`1${'.'.repeat(30)}`, undefined],
] as const)('parses %j as %s', (text, action) => {
  expect(readStaffAnswer({ text, kind: 'text' })).toBe(action);
});

test('does not parse the caption of a picture', () => {
  expect(readStaffAnswer({ text: '1', kind: 'image' })).toBeUndefined();
});

const input: StaffAnswerInput = {
  action: 'take',
  personId: 'dana',
  role: 'staff',
  state: 'waiting',
  isNote: false,
  holderId: null,
  explanations: 0,
  confirmations: 0,
};

test.each<[string, Partial<StaffAnswerInput>, object]>([
  ['takes over a waiting chat', {}, { event: 'taken_over', reply: 'taken' }],
  ['takes over a chat of the agent', { state: 'agent' }, { event: 'taken_over', reply: 'taken' }],
  ['does not take over a chat of a colleague', { state: 'person', holderId: 'eli' }, { reply: 'held' }],
  [
    'does not take over a chat of a colleague for the owner',
    { state: 'person', holderId: 'eli', role: 'owner' },
    { reply: 'held' },
  ],
  [
    'does not give back a chat of a colleague',
    { action: 'give', state: 'person', holderId: 'eli' },
    { reply: 'held' },
  ],
  [
    'extends the time of the holder',
    { state: 'person', holderId: 'dana' },
    { event: 'taken_over', reply: 'taken' },
  ],
  [
    'does not let staff take over a chat that is answered from the phone',
    { state: 'person' },
    { reply: 'held' },
  ],
  [
    'does not let staff give back a chat that is answered from the phone',
    { action: 'give', state: 'person' },
    { reply: 'held' },
  ],
  [
    'lets the owner take over a chat that is answered from the phone',
    { state: 'person', role: 'owner' },
    { event: 'taken_over', reply: 'taken' },
  ],
  [
    'lets the owner give back a chat that is answered from the phone',
    { action: 'give', state: 'person', role: 'owner' },
    { event: 'given_back', reply: 'given' },
  ],
  [
    'gives back a chat of the holder',
    { action: 'give', state: 'person', holderId: 'dana' },
    { event: 'given_back', reply: 'given' },
  ],
  ['leaves a closed chat closed', { action: 'give', state: 'closed' }, { reply: 'closed' }],
  ['explains an unknown answer', { action: undefined, explanations: 2 }, { reply: 'explanation' }],
  ['explains at most three times an hour', { action: undefined, explanations: 3 }, {}],
  ["ignores notes in the account's chat with itself", { action: undefined, isNote: true }, {}],
  ['limits the confirmations per hour', { confirmations: 30 }, { event: 'taken_over' }],
])('%s', (_what, more, decision) => {
  expect(decideStaffAnswer({ ...input, ...more })).toEqual(decision);
});
