import { expect, test } from 'vitest';
import { PhraseIndex } from './phrase-index.ts';

const keys = (word: string): string[] => [word, word.replace(/s$/, '')];
function indexOf(...phrases: [string, string][]): (text: string, at?: number) => string[] | undefined {
  const index = new PhraseIndex(keys);
  for (const [phrase, name] of phrases) index.add(phrase.split(' '), name);
  return (text, at = 0) => {
    const found = index.at(text.split(' ').map(keys), at);
    return found && [String(found.length), ...found.names];
  };
}

test.each([
  ['a word', 'price', 0, ['1', 'price']],
  ['a word in another form', 'prices', 0, ['1', 'price']],
  ['the longest phrase', 'how much is it', 0, ['3', 'cost']],
  ['a phrase inside a text', 'so how much then', 1, ['2', 'price', 'amount']],
  ['no phrase that is longer than the rest of the text', 'so how', 1, undefined],
  ['no phrase that begins earlier', 'how much', 1, undefined],
  ['nothing past the end', 'how', 3, undefined],
])('finds %s', (_, text, at, expected) => {
  const find = indexOf(
    ['price', 'price'],
    ['how much', 'price'],
    ['how much', 'amount'],
    ['how much', 'price'],
    ['how much is', 'cost'],
  );
  expect(find(text, at)).toEqual(expected);
});

test('finds a phrase that is added after a search', () => {
  const index = new PhraseIndex(keys);
  index.add(['one'], 'a');
  expect(index.at([['two']], 0)).toBeUndefined();
  index.add(['two'], 'b');
  expect(index.at([['two']], 0)?.names).toEqual(['b']);
  expect(index.at([['one']], 0)?.names).toEqual(['a']);
});
