import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { adaptConcurrency, nextConcurrency } from './concurrency.ts';

const limits = { min: 2, max: 20 };

test.each([
  { what: 'halved above the high delay', current: 20, delayMs: 101, next: 10 },
  { what: 'never below the minimum', current: 3, delayMs: 5000, next: 2 },
  { what: 'unchanged between the two delays', current: 7, delayMs: 100, next: 7 },
  { what: 'raised by a tenth of the maximum up to the low delay', current: 7, delayMs: 40, next: 9 },
  { what: 'never above the maximum', current: 19, delayMs: 0, next: 20 },
  { what: 'brought back between its limits', current: 50, delayMs: 60, next: 20 },
])('concurrency is $what', ({ current, delayMs, next }) => {
  expect(nextConcurrency(current, limits, delayMs)).toBe(next);
});

test('a fixed concurrency does not change', () => {
  for (const delayMs of [0, 60, 1000]) expect(nextConcurrency(1, { min: 1, max: 1 }, delayMs)).toBe(1);
});

test('lowers the concurrency while the event loop is busy, and raises it when it is idle', async () => {
  const worker = { concurrency: 20 };
  const changes: number[] = [];
  const adapting = adaptConcurrency([{ worker, limits, onSet: (next) => changes.push(next) }], 300);
  expect(changes).toEqual([20]);
  const busy = setInterval(() => {
    const until = performance.now() + 150;
    while (performance.now() < until);
  }, 1);
  await poll(() => worker.concurrency === 2, { what: 'the minimum' });
  clearInterval(busy);
  await poll(() => worker.concurrency === 20, { what: 'the maximum' });
  expect(changes.slice(0, 5)).toEqual([20, 10, 5, 2, 4]);
  adapting[Symbol.dispose]();
});
