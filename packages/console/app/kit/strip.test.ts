import { expect, test } from 'vitest';
import { segmentsOf } from './strip.tsx';

test('a strip shows each state for its time, and what was before the first change as unknown', () => {
  const segments = segmentsOf(
    [
      { at: 75, level: 'good', word: 'well' },
      { at: 25, level: 'bad', word: 'away' },
    ],
    0,
    100,
  );
  expect(segments.map(({ word, start, width }) => [word, start, width])).toEqual([
    ['not known', 0, 0.25],
    ['away', 0.25, 0.5],
    ['well', 0.75, 0.25],
  ]);
});

test('what changed before the strip begins counts from its beginning on, and nothing has no width', () => {
  const segments = segmentsOf([{ at: -50, level: 'good', word: 'well' }], 0, 100);
  expect(segments.map(({ word, start, width }) => [word, start, width])).toEqual([['well', 0, 1]]);
});
