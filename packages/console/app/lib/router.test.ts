import { expect, test } from 'vitest';
import { href, parseHash } from './router.ts';

test.each(['', '#', '#/'])('%j is the overview', (hash) => {
  expect(parseHash(hash).parts).toEqual([]);
});

test('parsing a link gives back its parts', () => {
  const target = href(['conversations', 'a/b?c#d'], { state: 'waiting', text: 'ä & b', empty: undefined });
  const { parts, query } = parseHash(target);
  expect(parts).toEqual(['conversations', 'a/b?c#d']);
  expect(Object.fromEntries(query)).toEqual({ state: 'waiting', text: 'ä & b' });
});

test('an invalid escape sequence is kept as it is', () => {
  expect(parseHash('#/calls/%E0%A4').parts).toEqual(['calls', '%E0%A4']);
});
