import { expect, test } from 'vitest';
import { cutText } from './cut-text.ts';

test.each([
  ['shorter than the limit', 'abc', 4, 'abc'],
  ['as long as the limit', 'abcd', 4, 'abcd'],
  ['longer', 'abcde', 4, 'abcd'],
  ['empty', '', 4, ''],
  ['emoji count once each', '😀😀😀', 3, '😀😀😀'],
  ['and are never halved', 'a😀b😀c', 2, 'a😀'],
  ['a lone surrogate counts once', '\ud83dabc', 2, '\ud83da'],
])('%s', (_name, text, characters, cut) => {
  expect(cutText(text, characters)).toBe(cut);
});
