import { expect, test } from 'vitest';
import { asQuestion, isPrivate, linesOf, sourceText } from './words.ts';

test('what the agent makes of a text is said in words', () => {
  expect(sourceText({ text: '', source: 'hand-off' })).toBe('A person takes over');
  expect(sourceText({ text: '', source: 'unknown' })).toBe('Not understood');
  expect(sourceText({ text: '', source: 'unknown', offered: ['a'] })).toContain('offers');
  expect(sourceText({ text: '', source: 'new-kind' })).toBe('new-kind');
});

test.each([
  ['call me on +49 170 1234567', true],
  ['me@example.com', true],
  ['is https://example.com yours', true],
  ['a table for 12 at 19:30?', false],
  ['do you have parking', false],
])('%j holds something private: %s', (text, expected) => {
  expect(isPrivate(text)).toBe(expected);
});

test('a question stands on one line', () => {
  expect(asQuestion('  Do you\n rent\tboats? ')).toBe('Do you rent boats?');
});

test('of several lines those count that say something', () => {
  expect(linesOf(' one \n\n two\n ')).toEqual(['one', 'two']);
});
