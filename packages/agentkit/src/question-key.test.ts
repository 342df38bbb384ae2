import { expect, test } from 'vitest';
import { questionKey, mergeSimilar } from './question-key.ts';

test('questions that differ in case, punctuation, order and stop words have the same key', () => {
  const keys = ['Do you sell helicopters?', 'HELICOPTERS!! do u sell them', 'sell a helicopter'].map(
    questionKey,
  );
  expect(new Set(keys).size).toBe(1);
  expect(questionKey('¿Tienen aparcamiento?')).toBe(questionKey('tienen APARCAMIENTO'));
  expect(questionKey('יש לכם חניה?')).toBe(questionKey('יש לכם חניה'));
});

test.each([[''], ['   '], ['👍👍'], ['?'], ['k'], ['x y'], ['12345'], ['2'], ['...']])(
  'there is no key for %j',
  (text) => {
    expect(questionKey(text)).toBeUndefined();
  },
);

test('the length of a key is bounded', () => {
  const long = Array.from({ length: 500 }, (_, at) => `word${at}`).join(' ');
  expect(questionKey(long)?.split(' ')).toHaveLength(12);
  expect(questionKey('a'.repeat(100_000))).toBeUndefined();
  expect(questionKey(`${'b'.repeat(500)} parking`)).toBe(questionKey('parking'));
});

test('merges similar groups of a set into the first one', () => {
  const group = (key: string, set = 'default') => ({ key, set });
  const merged = mergeSimilar([
    group('birthday cake vegan'),
    group('cake vegan'),
    group('dog park'),
    group('park'),
    group('cake vegan', 'other'),
    group('birthday cake kid vegan'),
  ]);
  expect(merged.map((members) => members.map(({ key, set }) => `${set}: ${key}`))).toEqual([
    ['default: birthday cake vegan', 'default: cake vegan', 'default: birthday cake kid vegan'],
    ['default: dog park'],
    ['default: park'],
    ['other: cake vegan'],
  ]);
});

test('merges a thousand groups with a common word quickly', () => {
  const groups = Array.from({ length: 1000 }, (_, at) => ({
    set: 'x',
    key: `alpha beta gamma w${at} z${at}`,
  }));
  const before = process.cpuUsage();
  expect(mergeSimilar(groups)).toHaveLength(1000);
  expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
});
