import { expect, test } from 'vitest';
import { words } from './fold.ts';
import { loadLanguages } from './language-reader.ts';
import { readChoice, latestOffer, closestOffered, writeOffer } from './offers.ts';

const languages = loadLanguages();
const questions = ['Is there parking nearby?', 'Can I bring my dog?', 'What does $& cost?'];
const offer = writeOffer('Did you mean?\n{questions}', questions);

test('writes an offer as a numbered list and reads it back from the history', () => {
  expect(offer).toBe(
    'Did you mean?\n1. Is there parking nearby?\n2. Can I bring my dog?\n3. What does $& cost?',
  );
  expect(latestOffer([offer])).toEqual({ text: offer, questions });
});

test.each([
  ['in the last message', [offer], 3],
  ['in three messages before the last', [offer, 'a', 'b', 'c'], 3],
  ['not in four messages before the last', [offer, 'a', 'b', 'c', 'd'], 0],
  ['the later of two', [offer, writeOffer('{questions}', ['One?'])], 1],
  ['not in other messages', ['Hello', ''], 0],
  ['not without messages', [], 0],
])('finds the latest offer: %s', (_, outbound, count) => {
  expect(latestOffer(outbound).questions).toHaveLength(count);
});

test.each([
  ['2', [1]],
  ['2.', [1]],
  ['number 3 please', [2]],
  ['1 and 3', [0, 2]],
  ['the second one', [1]],
  ['the first', [0]],
  ['last one', [2]],
  ['3rd', [2]],
  ['4', undefined],
  ['0', undefined],
  ['12', undefined],
  ['', undefined],
  ['2 adults', undefined],
  ['the second floor', undefined],
  ['none of these', 'none'],
  ['neither', 'none'],
  ['none of these rooms', undefined],
  ['1 and 2 and 3 and 1 and 2', undefined],
  ['der zweite', [1]],
  ['la segunda', [1]],
  ['le deuxième', [1]],
  ['השנייה', [1]],
])('of three questions "%s" chooses %j', (text, expected) => {
  expect(readChoice(words(text), 3, languages)).toEqual(expected);
});

test('the third of two questions is not a choice', () => {
  expect(readChoice(words('the third'), 2, languages)).toBeUndefined();
});

test.each([
  ['parking nearby', 0],
  ['bring my dog', 1],
  ['Can I bring my dog', 1],
  ['dog', undefined],
  ['parking for my boat', undefined],
  ['', undefined],
])('the words "%s" choose question %s', (text, expected) => {
  expect(closestOffered(words(text), questions)).toBe(expected);
});

test('words that two questions share choose neither', () => {
  expect(closestOffered(words('my dog'), ['Can I bring my dog?', 'Where can my dog sleep?'])).toBeUndefined();
});
