import { expect, test } from 'vitest';
import { bitCount, editDistance, letterBits } from './edit-distance.ts';

/** The recursive definition, without a limit. */
function naive(one: string, other: string): number {
  const cost = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const isSame = one[i - 1] === other[j - 1];
    const costs = [cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + (isSame ? 0 : 1)];
    if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
      costs.push(cost(i - 2, j - 2) + 1);
    return Math.min(...costs);
  };
  return cost(one.length, other.length);
}

/** Short words of four letters, so that many are near each other. The same in every run. */
function* randomWords(count: number): Iterable<[string, string]> {
  let state = 42;
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const word = (): string => Array.from({ length: next(7) }, () => 'abcש'[next(4)]).join('');
  for (let at = 0; at < count; at++) yield [word(), word()];
}

test('the distance of random words matches the recursive definition up to the limit', () => {
  for (const [one, other] of randomWords(1500)) {
    const expected = naive(one, other);
    for (const limit of [0, 1, 2, 10])
      expect([one, other, limit, editDistance(one, other, limit)]).toEqual([
        one,
        other,
        limit,
        Math.min(expected, limit + 1),
      ]);
  }
});

test.each([
  ['price', 'price', 0],
  ['price', 'prise', 1],
  ['price', 'prices', 1],
  ['price', 'prce', 1],
  ['price', 'pirce', 1],
  ['ca', 'abc', 3],
  ['', 'ab', 2],
])('the distance from %s to %s is %i', (one, other, expected) => {
  expect(editDistance(one, other, 5)).toBe(expected);
});

test('two words differ in at most twice as many letters as their distance', () => {
  for (const [one, other] of randomWords(1500))
    expect(bitCount(letterBits(one) ^ letterBits(other))).toBeLessThanOrEqual(2 * naive(one, other));
});

test.each([
  [0, 0],
  [1, 1],
  [0b1011, 3],
  [-1, 32],
])('%i has %i bits set', (bits, count) => {
  expect(bitCount(bits)).toBe(count);
});
