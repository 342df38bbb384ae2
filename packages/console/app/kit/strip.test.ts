import { expect, test } from 'vitest';
import { segmentsOf } from './strip.tsx';

test('shows each state for its duration, and the time before the first change as unknown', () => {
  const segments = segmentsOf(
    [
      { at: 75, level: 'good', label: 'well' },
      { at: 25, level: 'bad', label: 'away' },
    ],
    0,
    100,
  );
  expect(segments.map(({ label, start, width }) => [label, start, width])).toEqual([
    ['unknown', 0, 0.25],
    ['away', 0.25, 0.5],
    ['well', 0.75, 0.25],
  ]);
});

test('a change before the start of the strip counts from its start', () => {
  const segments = segmentsOf([{ at: -50, level: 'good', label: 'well' }], 0, 100);
  expect(segments.map(({ label, start, width }) => [label, start, width])).toEqual([['well', 0, 1]]);
});
