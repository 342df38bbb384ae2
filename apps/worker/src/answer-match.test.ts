import { expect, test } from 'vitest';
import { matchOf } from './answer-match.ts';

const faq = [
  { question: 'Do you deliver?', answer: 'Yes.' },
  { question: 'Do you deliver on Sundays?', answer: 'Yes. On Sundays by noon.' },
];

test.each([
  ['an entry', 'faq', 'Yes.', { source: 'faq', question: 'Do you deliver?' }],
  [
    'an entry whose answer holds that of another',
    'faq',
    'Yes. On Sundays by noon.',
    { source: 'faq', question: 'Do you deliver on Sundays?' },
  ],
  ['a repeat', 'faq', 'As I said: Yes.', { source: 'faq', question: 'Do you deliver?' }],
  ['an entry that the profile has no more', 'faq', 'No.', { source: 'faq' }],
  ['the opening hours', 'hours', 'Yes.', { source: 'hours' }],
  ['a model', 'model', 'Yes.', { source: 'model' }],
] as const)('an answer tells that it came from %s', (_what, source, text, match) => {
  expect(matchOf({ source, text }, { reply: text }, faq)).toEqual(match);
});

test('an answer that names its entries came from the first of them', () => {
  const answer = { source: 'faq', text: 'Sí.', entries: ['Do you deliver?', 'Where?'] } as const;
  expect(matchOf({ ...answer, entries: [...answer.entries] }, { reply: 'Sí.' }, faq)).toEqual({
    source: 'faq',
    question: 'Do you deliver?',
  });
});

test('an answer that hands over tells why, and no answer tells nothing', () => {
  const answer = { source: 'faq', text: 'Yes.' } as const;
  const event = { type: 'needs_person', reason: 'late' } as const;
  expect(matchOf(answer, { reply: 'A person will answer.', event }, faq)).toEqual({
    source: 'hand-off',
    reason: 'late',
  });
  expect(matchOf(answer, { reply: undefined, event }, faq)).toBeUndefined();
});
