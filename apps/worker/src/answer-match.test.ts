import { expect, test } from 'vitest';
import { matchOf } from './answer-match.ts';

test.each([
  [
    'an entry',
    { source: 'faq', entries: ['Do you deliver?'] },
    { source: 'faq', question: 'Do you deliver?' },
  ],
  [
    'the first of its entries',
    { source: 'faq', entries: ['Where?', 'When?'] },
    { source: 'faq', question: 'Where?' },
  ],
  ['the opening hours', { source: 'hours' }, { source: 'hours' }],
  ['a model', { source: 'model' }, { source: 'model' }],
] as const)('an answer has %s as its source', (_what, answer, match) => {
  const entries = 'entries' in answer ? [...answer.entries] : undefined;
  expect(matchOf({ source: answer.source, entries }, { reply: 'Yes.' })).toEqual(match);
});

test('a hand-over has its reason, and no reply has no match', () => {
  const event = { type: 'needs_person', reason: 'late' } as const;
  expect(matchOf({ source: 'faq' }, { reply: 'A person will answer.', event })).toEqual({
    source: 'hand-off',
    reason: 'late',
  });
  expect(matchOf({ source: 'faq' }, { reply: undefined, event })).toBeUndefined();
});
