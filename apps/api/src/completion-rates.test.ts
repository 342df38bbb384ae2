import type { QueueTotals } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { CompletionRates } from './completion-rates.ts';

const totals = (completed: number): Pick<QueueTotals, 'queues'> => ({
  queues: { 'inbound-messages': { completed } } as QueueTotals['queues'],
});
const rateAt = (rates: CompletionRates, now: number): number | null =>
  rates.perMinute('inbound-messages', now);

test('returns the rate over the last five minutes, and null at first', () => {
  const rates = new CompletionRates();
  expect(rateAt(rates, 0)).toBeNull();
  // No job for five minutes, then one per second.
  const read = (from: number, to: number): void => {
    for (let at = from; at <= to; at += 2000) rates.add(totals(1000 + Math.max(0, at - 300_000) / 1000), at);
  };
  read(0, 28_000);
  expect(rateAt(rates, 28_000)).toBeNull();
  read(30_000, 300_000);
  expect(rateAt(rates, 300_000)).toBe(0);
  read(302_000, 600_000);
  expect(rateAt(rates, 600_000)).toBe(60);
  // No samples for a while.
  expect(rateAt(rates, 900_001)).toBeNull();
});

test('restarts when the totals in Redis were lost', () => {
  const rates = new CompletionRates();
  for (let at = 0; at <= 60_000; at += 10_000) rates.add(totals(5000 + at), at);
  for (let at = 70_000; at <= 100_000; at += 10_000) rates.add(totals((at - 70_000) / 10_000), at);
  expect(rateAt(rates, 100_000)).toBe(6);
});
