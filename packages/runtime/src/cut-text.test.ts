import { expect, test } from 'vitest';
import { cutText } from './cut-text.ts';

test.each([
  ['shorter than the limit', 'abc', 4, 'abc'],
  ['as long as the limit', 'abcd', 4, 'abcd'],
  ['longer', 'abcde', 4, 'abcd'],
  ['empty', '', 4, ''],
  ['counts an emoji once', '😀😀😀', 3, '😀😀😀'],
  ['never halves an emoji', 'a😀b😀c', 2, 'a😀'],
  ['counts a lone surrogate once', '\ud83dabc', 2, '\ud83da'],
])('%s', (_name, text, characters, cut) => {
  expect(cutText(text, characters)).toBe(cut);
});
