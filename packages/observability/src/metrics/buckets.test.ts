import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Buckets, bucketOf, layoutOf, parseBuckets } from './buckets.ts';
import { percentile } from './percentile.ts';

function linearSearch(bounds: ArrayLike<number>, value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  return bucket;
}

test.each<Buckets>([
  { powersOfTwo: [-17, 7] },
  { powersOfTwo: [-1, 0] },
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  [0, 1, 2],
  [-1, 0],
  [1, 1.0000001, 1.0000002, 3],
  [1e-300, 1e300],
])('the table for %j gives the same bucket as a linear search', (buckets) => {
  const layout = layoutOf(buckets);
  const { bounds } = layout;
  const values = [...bounds].flatMap((bound) => [bound, bound * (1 + 1e-15), bound * (1 - 1e-15)]);
  for (const value of [0, Number.MIN_VALUE, Number.MAX_VALUE, ...values.map(Math.abs)])
    expect([value, bucketOf(layout, value)]).toEqual([value, linearSearch(bounds, value)]);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
      expect(bucketOf(layout, value)).toBe(linearSearch(bounds, value));
    }),
  );
});

test('exponential buckets have ten buckets for each doubling, each narrow enough for 4.8 %', () => {
  const { bounds, shown } = layoutOf({ powersOfTwo: [-2, 3] });
  expect(shown).toEqual([0.25, 0.5, 1, 2, 4, 8]);
  expect(bounds).toHaveLength(51);
  for (let i = 1; i < bounds.length; i++) {
    const [lower, upper] = [bounds[i - 1]!, bounds[i]!];
    expect((upper - lower) / (upper + lower)).toBeLessThan(0.048);
  }
});

test('the percentiles of exponential buckets are at most 4.8 % off', () => {
  const layout = layoutOf({ powersOfTwo: [-17, 7] });
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 2 ** -17, max: 128, minExcluded: true, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const counts = Array.from({ length: layout.bounds.length + 1 }, () => 0);
        for (const value of values) counts[bucketOf(layout, value)]!++;
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1]!;
        const estimate = percentile({ bounds: [...layout.bounds], counts }, q);
        expect(Math.abs(estimate - exact) / exact).toBeLessThan(0.048);
      },
    ),
  );
});

test('a percentile is NaN without values, the last bound for values above it, and refused outside 0 to 1', () => {
  expect(percentile({ bounds: [1, 2], counts: [0, 0, 0] }, 0.5)).toBeNaN();
  expect(percentile({ bounds: [1, 2], counts: [0, 0, 3] }, 0.5)).toBe(2);
  expect(percentile({ bounds: [1, 2], counts: [4, 0, 0] }, 0.5)).toBe(0.5);
  expect(() => percentile({ bounds: [1], counts: [1, 1] }, 50)).toThrow(RangeError);
});

test.each([
  [],
  [2, 1],
  [1, Number.NaN],
  [1, '2'],
  'x',
  null,
  {},
  { powersOfTwo: [1] },
  { powersOfTwo: [3, 1] },
  { powersOfTwo: [0.5, 1] },
  { powersOfTwo: [-100, 100] },
])('%j are not valid buckets', (value) => {
  expect(parseBuckets(value)).toBeUndefined();
});
