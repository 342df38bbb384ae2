import { expect, test } from 'vitest';
import { words } from './fold.ts';
import { loadLanguages } from './language-reader.ts';
import { findSmallTalk } from './small-talk.ts';

const languages = loadLanguages();
const of = (code: string) => languages.filter((language) => language.code === code);
const kindOf = (code: string, text: string): string | undefined => findSmallTalk(words(text), of(code)).kind;

test.each([
  ['en', 'Hi', 'greetings'],
  ['en', 'hello there!', 'greetings'],
  ['en', 'Ok great, thanks!', 'thanks'],
  ['en', 'Hi, thank you so much', 'thanks'],
  ['en', 'good night', 'goodbyes'],
  ['en', 'Hello and goodbye', 'goodbyes'],
  ['en', 'perfect', 'acknowledgements'],
  ['en', 'yes', 'yesOrNo'],
  ['en', 'no thanks', 'yesOrNo'],
  ['en', 'Hi, where are you?', undefined],
  ['en', 'thanks, and the price?', undefined],
  ['en', '', undefined],
  ['de', 'Guten Morgen', 'greetings'],
  ['de', 'Vielen Dank!', 'thanks'],
  ['de', 'Tschüss', 'goodbyes'],
  ['es', 'Buenos días', 'greetings'],
  ['es', 'muchas gracias', 'thanks'],
  ['es', 'hasta luego', 'goodbyes'],
  ['fr', 'Bonjour', 'greetings'],
  ['fr', 'merci beaucoup', 'thanks'],
  ['fr', 'au revoir', 'goodbyes'],
  ['he', 'שלום', 'greetings'],
  ['he', 'תודה רבה', 'thanks'],
  ['he', 'להתראות', 'goodbyes'],
])('in %s "%s" is small talk of the kind %s', (code, text, kind) => {
  expect(kindOf(code, text)).toBe(kind);
});

test('finds a greeting beside a question, but no acknowledgement inside the question', () => {
  expect(findSmallTalk(words('hi where is the good parking'), of('en')).positions).toEqual(new Set([0]));
});

test('knows the greetings of the profile besides those of the language', () => {
  const tokens = words('Ahoy matey');
  expect(findSmallTalk(tokens, of('en')).kind).toBeUndefined();
  expect(findSmallTalk(tokens, of('en'), [['ahoy', 'matey']]).kind).toBe('greetings');
});

test('more than 20 words are not small talk, and more than 60 are not read', () => {
  expect(kindOf('en', 'thanks '.repeat(20))).toBe('thanks');
  expect(kindOf('en', 'thanks '.repeat(21))).toBeUndefined();
  expect(findSmallTalk(words('thanks '.repeat(61)), of('en')).positions.size).toBe(0);
});
