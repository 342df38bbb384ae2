import { expect, test } from 'vitest';
import { words } from './fold.ts';
import { compilePattern, matches } from './patterns.ts';

const sets = new Map([
  ['person', ['human', 'real person', 'Mensch']],
  ['empty', ['…']],
]);
const fillers = new Set(['please', 'just', 'me']);
const isFound = (pattern: string, text: string): boolean =>
  matches(compilePattern(pattern, sets), words(text), fillers);

test.each([
  ['words one after another', 'call me', 'please call me now', true],
  ['not with a word between', 'call me', 'call the me', false],
  ['not in another order', 'call me', 'me call', false],
  ['whatever the case and the marks', 'éx CALL', 'ex call', true],
  ['one of the alternatives', '(call|ring) me', 'ring me', true],
  ['an alternative of two words', '(give up|stop) now', 'give up now', true],
  ['not half of an alternative', '(give up|stop) now', 'give now', false],
  ['one of a set', 'a {person} please', 'a human please', true],
  ['a phrase of a set', 'a {person} please', 'a real person please', true],
  ['not half a phrase of a set', 'a {person} please', 'a real please', false],
  ['nothing where a gap is', 'call .. me', 'call me', true],
  ['five words in a gap', 'call .. me', 'call 1 2 3 4 5 me', true],
  ['not six words in a gap', 'call .. me', 'call 1 2 3 4 5 6 me', false],
  ['the word after a gap again behind it', 'a .. b c', 'a b b c', true],
  ['nothing where fillers may be', 'call ~ now', 'call now', true],
  ['six fillers', 'call ~ now', 'call me me me me me me now', true],
  ['not seven fillers', 'call ~ now', 'call me me me me me me me now', false],
  ['not a word that is no filler', 'call ~ now', 'call me him now', false],
  ['the begin', '^ stop', 'stop it', true],
  ['not later than the begin', '^ stop', 'do stop', false],
  ['the end', 'stop $', 'do stop', true],
  ['not before the end', 'stop $', 'stop it', false],
  ['the whole message with fillers around', '^ ~ stop ~ $', 'please just stop please', true],
  ['not the whole message with more around', '^ ~ stop ~ $', 'please stop it', false],
  ['a gap up to the end', 'stop .. $', 'stop 1 2 3 4 5', true],
  ['not a gap that the end is too far for', '^ stop .. $', 'stop 1 2 3 4 5 6', false],
  ['not past the end', 'real person', 'a real', false],
  ['nothing in an empty message', 'stop', '', false],
  ['the beginning and the end of an empty message', '^ $', '', true],
])('a pattern finds %s: %s in "%s"', (_, pattern, text, expected) => {
  expect(isFound(pattern, text)).toBe(expected);
});

test.each([
  ['an unknown set', 'call {nobody}', 'there is no set {nobody}'],
  ['empty brackets', 'call ()', '"()" in "call ()" holds no word'],
  ['a set without a word', '{empty} now', '"{empty}" in "{empty} now" holds no word'],
  ['a part without letters', 'call !!', '"!!" in "call !!" holds no word'],
])('rejects a pattern with %s', (_, pattern, message) => {
  expect(() => compilePattern(pattern, sets)).toThrow(message);
});

test('matches a pattern with many gaps against a long message quickly', () => {
  const tokens = Array.from({ length: 400 }, () => 'a');
  const pattern = compilePattern('a .. a .. a .. b', sets);
  const before = process.cpuUsage();
  expect(matches(pattern, tokens, fillers)).toBe(false);
  expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
});
