import { expect, test } from 'vitest';
import { summaryOf } from './chart-summary.ts';

test.each([
  [[], 'Nothing is known yet.'],
  [[null], 'Nothing is known yet.'],
  [[2, 2], 'Steady at 2.'],
  [[1, 3, 2], 'Between 1 and 3, now 2.'],
  [[1, null, 3, 2], 'Between 1 and 3, now 2. Not known for 25 % of the time.'],
])('%j is told as %j', (values, text) => {
  expect(summaryOf({ values }, String)).toBe(text);
});
