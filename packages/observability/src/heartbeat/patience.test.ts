import { expect, test } from 'vitest';
import { Patience } from './patience.ts';

test('patience ends once when there was no sign for the limit, and begins again with each sign', () => {
  const patience = new Patience(100);
  expect([0, 50, 99, 100, 150].map((now) => patience.isOver(now))).toEqual([
    false,
    false,
    false,
    true,
    false,
  ]);
  patience.renew();
  expect([150, 200, 249, 250].map((now) => patience.isOver(now))).toEqual([false, false, false, true]);
});

test('without a limit it never ends', () => {
  const patience = new Patience(Infinity);
  expect([0, 1e12].map((now) => patience.isOver(now))).toEqual([false, false]);
});
