import { CheckFailure, type CheckReport, HealthRegistry } from '@prosaas/observability';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CheckHistory, recordCheckHistory } from './history.ts';

const HOUR_MS = 3_600_000;
let now: number;
let health: HealthRegistry;
let history: CheckHistory;
let next: () => CheckReport;

beforeEach(() => {
  vi.useFakeTimers();
  now = 1_700_000_000_000;
  health = new HealthRegistry({ intervalMs: 1000 });
  health.register({ name: 'redis', componentType: 'datastore', run: () => next() });
  history = recordCheckHistory(health, () => now);
});
afterEach(async () => {
  history[Symbol.dispose]();
  await health[Symbol.asyncDispose]();
  vi.useRealTimers();
});

async function becomes(ms: number, report: () => CheckReport): Promise<void> {
  now += ms;
  next = report;
  health.start();
  await vi.advanceTimersByTimeAsync(1000);
}
const passes = (): CheckReport => ({});
const warns =
  (reason: string): (() => CheckReport) =>
  () => ({ status: 'warn', reason });
const fails = (): CheckReport => {
  throw new CheckFailure('refused');
};

test('keeps each change of status or code, and when the status began', async () => {
  expect(history.of('redis')).toBeUndefined();
  const began = now;
  await becomes(0, passes);
  await becomes(10_000, passes);
  await becomes(10_000, warns('evicts_keys'));
  await becomes(10_000, warns('evicts_keys,clock_off'));
  expect(history.of('redis')).toEqual({
    since: began + 20_000,
    changes: [
      { at: began, status: 'pass', reason: null },
      { at: began + 20_000, status: 'warn', reason: 'evicts_keys' },
      { at: began + 30_000, status: 'warn', reason: 'evicts_keys,clock_off' },
    ],
  });
});

test('keeps the state of an hour ago, but no older changes', async () => {
  const began = now;
  await becomes(0, passes);
  await becomes(60_000, fails);
  await becomes(60_000, passes);
  now = began + HOUR_MS + 90_000;
  expect(history.of('redis')?.changes).toEqual([
    { at: began + 60_000, status: 'fail', reason: 'refused' },
    { at: began + 120_000, status: 'pass', reason: null },
  ]);
  now += HOUR_MS;
  expect(history.of('redis')).toEqual({
    since: began + 120_000,
    changes: [{ at: began + 120_000, status: 'pass', reason: null }],
  });
});

test('keeps at most 200 changes of a check that flaps', async () => {
  for (let at = 0; at < 150; at += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await becomes(1000, passes);
    // oxlint-disable-next-line no-await-in-loop
    await becomes(1000, fails);
  }
  expect(history.of('redis')?.changes).toHaveLength(200);
  expect(history.of('redis')?.changes.at(-1)).toMatchObject({ at: now, status: 'fail' });
});
