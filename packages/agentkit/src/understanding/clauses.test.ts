import { expect, test } from 'vitest';
import { splitPoints, sentencesOf, originalText } from './clauses.ts';
import { words } from './fold.ts';
import { loadLanguages } from './language-reader.ts';

const english = loadLanguages().filter(({ code }) => code === 'en');
const noQuestion = (): boolean => false;
const textsOf = (text: string, asks: (sentence: string) => boolean = noQuestion): string[] =>
  sentencesOf(text, asks).map((sentence) => sentence.text);

test.each([
  ['at full stops', 'I came. I saw.', ['I came.', 'I saw.']],
  ['questions first', 'I came. Where? I saw.', ['Where?', 'I came.', 'I saw.']],
  ['not at the day of a date', 'Am 14. Mai', ['Am 14. Mai']],
  ['not in a number', 'It costs 1.150 or 3.5', ['It costs 1.150 or 3.5']],
  ['at the end of a line', 'one\ntwo', ['one', 'two']],
  ['before a Spanish question', 'hola ¿dónde está?', ['¿dónde está?', 'hola']],
  ['after an Arabic question mark', 'أين؟ شكرا', ['أين؟', 'شكرا']],
  ['without parts that have no letter', 'Yes! 12. ... ?', ['Yes!']],
  ['none in an empty message', '', []],
])('splits a message into sentences: %s', (_, text, expected) => {
  expect(textsOf(text)).toEqual(expected);
});

test('a sentence that begins like a question is one', () => {
  expect(sentencesOf('I came. where is it', (one) => one.trim().startsWith('where'))).toEqual([
    { text: 'where is it', isQuestion: true },
    { text: 'I came.', isQuestion: false },
  ]);
});

test('splits a sentence of more than 60 words, and reads at most 40 sentences', () => {
  const long = Array.from({ length: 121 }, () => 'a').join(' ');
  expect(textsOf(long).map((text) => text.split(' ').length)).toEqual([60, 60, 1]);
  expect(textsOf('a. '.repeat(50))).toHaveLength(40);
  expect(sentencesOf(`${'a. '.repeat(50)}b?`, noQuestion)[0]?.text).toBe('b?');
});

const cuts = (text: string, commas: number[] = []): [number, number][] =>
  splitPoints(words(text), new Set(commas), english).map(({ end, begin }) => [end, begin]);

test.each([
  ['around a joining word', 'parking and wifi', [], [[1, 2]]],
  [
    'around the longest joining phrase',
    'parking and also wifi',
    [],
    [
      [1, 3],
      [2, 3],
    ],
  ],
  ['at a comma', 'parking wifi', [1], [[1, 1]]],
  ['once where a comma and a joining word meet', 'parking and wifi', [1], [[1, 2]]],
  ['not before the first word', 'and wifi', [0], []],
  ['not after the last word', 'parking and', [2], []],
])('a sentence may be split %s', (_, text, commas, expected) => {
  expect(cuts(text, commas)).toEqual(expected);
});

test('a sentence may be split at no more than eight places', () => {
  expect(cuts('a and '.repeat(20))).toHaveLength(8);
});

test('a sentence may be split before a Hebrew word with the prefix "and" if the word is known without it', () => {
  const hebrew = loadLanguages().filter(({ code }) => code === 'he');
  const places = (text: string): number[] =>
    splitPoints(words(text), new Set(), hebrew).map(({ begin }) => begin);
  expect(places('מתי אתם סוגרים ואיפה אתם')).toEqual([3]);
  expect(places('יש לכם וידאו')).toEqual([]);
});

test.each([
  ['Am 25.12. offen und wo?', 0, 4, 'Am 25.12. offen '],
  ['Am 25.12. offen und wo?', 5, 6, 'wo?'],
  ["where's the l'hôtel - now", 2, 3, "l'hôtel - "],
])('in "%s" the original text of the words %i to %i is "%s"', (text, begin, end, expected) => {
  expect(originalText(text, words(text), begin, end)).toBe(expected);
});

test('joins the words if some are not in the original text', () => {
  expect(originalText('Am 25.12.', ['am', 'den', '25', '12'], 0, 3)).toBe('am den 25');
});
