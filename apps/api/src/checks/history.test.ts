import { CheckFailure, type CheckReport, HealthRegistry } from '@prosaas/observability';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CheckHistory, followChecks } from './history.ts';

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
  history = followChecks(health, () => now);
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

test('each change of status or code is kept once, and since when the status is what it is', async () => {
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

test('of what is over an hour old only what it was then is kept', async () => {
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

test('a check that flaps fills no memory', async () => {
  for (let at = 0; at < 150; at += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await becomes(1000, passes);
    // oxlint-disable-next-line no-await-in-loop
    await becomes(1000, fails);
  }
  expect(history.of('redis')?.changes).toHaveLength(200);
  expect(history.of('redis')?.changes.at(-1)).toMatchObject({ at: now, status: 'fail' });
});
