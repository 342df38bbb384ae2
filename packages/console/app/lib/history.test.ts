import { expect, test } from 'vitest';
import { fromView, withPoint } from './history.ts';

const values = (value: number | null): never => ({ calls_active: value }) as never;

test('adds new points and ignores one that is already there', () => {
  const view = { step_seconds: 10, until: 100_000, series: { calls_active: [1, null] } } as never;
  const first = fromView(view);
  expect(first).toEqual({ times: [90, 100], series: { calls_active: [1, null] } });
  const next = withPoint(first, 110, values(3));
  expect(next).toEqual({ times: [90, 100, 110], series: { calls_active: [1, null, 3] } });
  expect(withPoint(next, 110, values(4))).toBe(next);
});

test('keeps the points of one hour', () => {
  let all = fromView({ step_seconds: 10, until: 0, series: {} } as never);
  for (let at = 1; at <= 400; at++) all = withPoint(all, at, values(at));
  expect(all.times).toHaveLength(360);
  expect(all.series.calls_active?.at(-1)).toBe(400);
});
