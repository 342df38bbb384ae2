import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { adaptConcurrency, nextConcurrency } from './concurrency.ts';

const limits = { least: 2, most: 20 };

test.each([
  { what: 'halved when timers are late', current: 20, delayMs: 101, next: 10 },
  { what: 'never less than the least', current: 3, delayMs: 5000, next: 2 },
  { what: 'left alone between', current: 7, delayMs: 100, next: 7 },
  { what: 'raised by a tenth of the most when timers are in time', current: 7, delayMs: 40, next: 9 },
  { what: 'never more than the most', current: 19, delayMs: 0, next: 20 },
  { what: 'brought back between its limits', current: 50, delayMs: 60, next: 20 },
])('concurrency is $what', ({ current, delayMs, next }) => {
  expect(nextConcurrency(current, limits, delayMs)).toBe(next);
});

test('one at once stays one', () => {
  for (const delayMs of [0, 60, 1000]) expect(nextConcurrency(1, { least: 1, most: 1 }, delayMs)).toBe(1);
});

test('a busy event loop takes less at once, and more again when it is idle', async () => {
  const worker = { concurrency: 20 };
  const told: number[] = [];
  const adapting = adaptConcurrency([{ worker, limits, onSet: (next) => told.push(next) }], 300);
  expect(told).toEqual([20]);
  const busy = setInterval(() => {
    const until = performance.now() + 150;
    while (performance.now() < until);
  }, 1);
  await poll(() => worker.concurrency === 2, { what: 'the least' });
  clearInterval(busy);
  await poll(() => worker.concurrency === 20, { what: 'the most' });
  expect(told.slice(0, 5)).toEqual([20, 10, 5, 2, 4]);
  adapting[Symbol.dispose]();
});
