import { expect, test } from 'vitest';
import { asQuestion, isPrivate, linesOf, sourceText } from './text.ts';

test('describes where an answer comes from', () => {
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
])('%j seems private: %s', (text, expected) => {
  expect(isPrivate(text)).toBe(expected);
});

test('puts a question on one line', () => {
  expect(asQuestion('  Do you\n rent\tboats? ')).toBe('Do you rent boats?');
});

test('drops empty lines', () => {
  expect(linesOf(' one \n\n two\n ')).toEqual(['one', 'two']);
});
