import { createLogger } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RefusalLog } from './refusal-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('logs the first refusal at once, and the others as one line per minute', () => {
  const log = createLogger({ service: 'calls', instance: 'test', level: 'silent' });
  const warn = vi.spyOn(log, 'warn');
  const refusals = new RefusalLog(log, 'they were refused');
  for (let at = 0; at < 1000; at += 1) refusals.add(at % 4 === 0 ? 'late' : 'wrong');
  vi.advanceTimersByTime(10 * 60_000);
  refusals.add('late');
  expect(warn.mock.calls.map(([fields]) => fields)).toEqual([
    { refusals: { late: 1 } },
    { refusals: { late: 249, wrong: 750 } },
    { refusals: { late: 1 } },
  ]);
});
