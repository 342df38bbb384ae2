import { expect, test } from 'vitest';
import { StallTimer } from './stall-timer.ts';

test('fires once after its limit, and again after a reset', () => {
  const timer = new StallTimer(100);
  expect([0, 50, 99, 100, 150].map((now) => timer.check(now))).toEqual([false, false, false, true, false]);
  timer.reset();
  expect([150, 200, 249, 250].map((now) => timer.check(now))).toEqual([false, false, false, true]);
});

test('never fires without a limit', () => {
  const timer = new StallTimer(Infinity);
  expect([0, 1e12].map((now) => timer.check(now))).toEqual([false, false]);
});
