import { expect, test } from 'vitest';
import { Corrector } from './corrector.ts';

function corrector(...ofRank: string[][]): Corrector {
  const made = new Corrector();
  for (const [rank, words] of ofRank.entries()) made.add(words, rank);
  return made;
}

test.each([
  ['an extra letter', 'pricee', ['price']],
  ['a missing letter', 'pric', ['price']],
  ['a wrong letter', 'prise', ['price']],
  ['two letters swapped', 'pirce', ['price']],
  ['not two mistakes in a short word', 'prsie', []],
  ['two mistakes in a word of eight letters', 'apointmnt', ['appointment']],
  ['not three mistakes', 'apontmnt', []],
  ['not a word of three letters', 'pri', []],
  ['not a word with a digit', 'pric3', []],
  ['not a word of more than forty letters', 'p'.repeat(41), []],
  ['a known word to the word itself', 'price', ['price']],
])('correction: %s', (_, word, expected) => {
  expect(corrector(['price', 'appointment', 'p'.repeat(41)]).correct(word)).toEqual(expected);
});

test('prefers the closer word, then the smaller rank, then the same first letter', () => {
  expect(corrector(['printers'], ['pointers']).correct('printesr')).toEqual(['printers']);
  expect(corrector(['house'], ['mouse']).correct('xouse')).toEqual(['house']);
  expect(corrector(['parking', 'barking']).correct('parkinf')).toEqual(['parking']);
  expect(corrector(['bread'], ['break']).correct('breac')).toEqual(['bread']);
});

test('returns all words that are equally close', () => {
  expect(corrector(['bread', 'break']).correct('breas')).toEqual(['bread', 'break']);
});

test('does not return a word that is not possible, even if it is the closest', () => {
  const made = corrector(['price', 'prize']);
  expect(made.correct('price', (word) => word !== 'price')).toEqual(['prize']);
});

test('knows the words of its base, and prefers its own', () => {
  const base = corrector([], ['price', 'break']);
  const own = new Corrector(base);
  own.add(['bread'], 0);
  expect(own.correct('prise')).toEqual(['price']);
  expect(own.correct('breas')).toEqual(['bread']);
  expect(base.correct('bread')).toEqual(['break']);
});
