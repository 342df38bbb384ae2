import { expect, test } from 'vitest';
import { fold, listedWords, words } from './fold.ts';

test.each([
  ['case', 'PRICE', ['price']],
  ['accents', 'Mañana, à côté', ['manana', 'a', 'cote']],
  ['combining accents', 'cote\u0301', ['cote']],
  ['Hebrew points', 'אֵיפֹה', ['איפה']],
  ['Hebrew final letters', 'ךםןףץ', ['כמנפצ']],
  ['letters without a decomposition', 'Straße œuvre', ['strasse', 'oeuvre']],
  ['compatibility forms', 'ﬁne ｗｉｆｉ ①', ['fine', 'wifi', '1']],
  ['invisible characters', 'pri\u200bce \u200fabc\u202e', ['price', 'abc']],
  ['apostrophes and gershayim', "what's l’hôtel ש״ח", ['whats', 'lhotel', 'שח']],
  ['signs and emoji', 'wi-fi/TV 🙂 €5!', ['wi', 'fi', 'tv', '5']],
  ['a text without words', ' ?! ', []],
])('ignores %s', (_, text, expected) => {
  expect(words(text)).toEqual(expected);
});

test('folding a folded text does not change it', () => {
  expect(fold(fold('ÀẞŁım'))).toBe(fold('ÀẞŁım'));
});

test('splits a list at commas and line ends, without empty entries', () => {
  expect(listedWords('How much, à la carte,\n wi-fi,, ...')).toEqual([
    ['how', 'much'],
    ['a', 'la', 'carte'],
    ['wi', 'fi'],
  ]);
});
