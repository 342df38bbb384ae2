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
] as const)('%j asks to %s', (text, action) => {
  expect(readStaffAnswer({ text, kind: 'text' })).toBe(action);
});

test('a picture with the caption 1 asks for nothing', () => {
  expect(readStaffAnswer({ text: '1', kind: 'image' })).toBeUndefined();
});

const turn: StaffAnswerInput = {
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
  ['one who waits is taken over', {}, { event: 'taken_over', reply: 'taken' }],
  ['one whom the agent has again, too', { state: 'agent' }, { event: 'taken_over', reply: 'taken' }],
  ['one whom another has is not', { state: 'person', holderId: 'eli' }, { reply: 'held' }],
  ['nor by the owner', { state: 'person', holderId: 'eli', role: 'owner' }, { reply: 'held' }],
  [
    'one whom another has is not given back',
    { action: 'give', state: 'person', holderId: 'eli' },
    { reply: 'held' },
  ],
  [
    'one whom she has is hers for longer',
    { state: 'person', holderId: 'dana' },
    { event: 'taken_over', reply: 'taken' },
  ],
  ['one who is answered from the phone is not taken over by staff', { state: 'person' }, { reply: 'held' }],
  ['nor given back', { action: 'give', state: 'person' }, { reply: 'held' }],
  [
    'one who is answered from the phone is taken over by the owner',
    { state: 'person', role: 'owner' },
    { event: 'taken_over', reply: 'taken' },
  ],
  [
    'and given back',
    { action: 'give', state: 'person', role: 'owner' },
    { event: 'given_back', reply: 'given' },
  ],
  [
    'one is given back',
    { action: 'give', state: 'person', holderId: 'dana' },
    { event: 'given_back', reply: 'given' },
  ],
  ['one that is closed stays so', { action: 'give', state: 'closed' }, { reply: 'closed' }],
  ['what is not understood is explained', { action: undefined, explanations: 2 }, { reply: 'explanation' }],
  ['it is explained three times an hour', { action: undefined, explanations: 3 }, {}],
  ['what she notes for herself is hers', { action: undefined, isNote: true }, {}],
  ['many confirmations an hour are enough', { confirmations: 30 }, { event: 'taken_over' }],
])('%s', (_what, more, decision) => {
  expect(decideStaffAnswer({ ...turn, ...more })).toEqual(decision);
});
