import { expect, test } from 'vitest';
import { summaryOf } from './chart-summary.ts';

test.each([
  [[], 'No data yet.'],
  [[null], 'No data yet.'],
  [[2, 2], 'Steady at 2.'],
  [[1, 3, 2], 'Between 1 and 3, now 2.'],
  [[1, null, 3, 2], 'Between 1 and 3, now 2. No data for 25 % of the time.'],
])('%j is described as %j', (values, text) => {
  expect(summaryOf(values, String)).toBe(text);
});
