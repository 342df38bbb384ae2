import { expect, test } from 'vitest';
import { evaluateWorkers } from './workers.ts';

test.each([
  [{ live: 1, lost: 0, expected: 1, failing: 0, clocksOff: 0 }, undefined],
  [{ live: 2, lost: 1, expected: 1, failing: 0, clocksOff: 0 }, undefined],
  [{ live: 0, lost: 0, expected: 0, failing: 0, clocksOff: 0 }, undefined],
  [
    { live: 2, lost: 0, expected: 2, failing: 1, clocksOff: 0 },
    { failed: false, reason: 'not_working' },
  ],
  [
    { live: 1, lost: 0, expected: 3, failing: 0, clocksOff: 0 },
    { failed: false, reason: 'too_few' },
  ],
  [
    { live: 0, lost: 2, expected: 1, failing: 0, clocksOff: 0 },
    { failed: true, reason: 'stale' },
  ],
  [
    { live: 0, lost: 2, expected: 1, failing: 1, clocksOff: 0 },
    { failed: true, reason: 'not_working' },
  ],
  [
    { live: 1, lost: 0, expected: 2, failing: 1, clocksOff: 0 },
    { failed: false, reason: 'too_few' },
  ],
  [
    { live: 0, lost: 0, expected: 1, failing: 0, clocksOff: 0 },
    { failed: true, reason: 'not_ready' },
  ],
  [
    { live: 1, lost: 0, expected: 1, failing: 0, clocksOff: 0, failedWrite: 'read_only' },
    { failed: false, reason: 'database_read_only' },
  ],
  [
    { live: 2, lost: 0, expected: 2, failing: 1, clocksOff: 0, failedWrite: 'read_only' },
    { failed: false, reason: 'not_working' },
  ],
  [
    { live: 1, lost: 0, expected: 2, failing: 0, clocksOff: 0, failedWrite: 'disk_full' },
    { failed: false, reason: 'database_disk_full' },
  ],
  [
    { live: 0, lost: 1, expected: 1, failing: 0, clocksOff: 0, failedWrite: 'disk_full' },
    { failed: true, reason: 'stale' },
  ],
  [
    { live: 1, lost: 0, expected: 1, failing: 0, clocksOff: 1 },
    { failed: false, reason: 'clock_off' },
  ],
  [
    { live: 1, lost: 0, expected: 2, failing: 0, clocksOff: 1 },
    { failed: false, reason: 'too_few' },
  ],
])('workers %j: %j', (counts, problem) => {
  expect(evaluateWorkers(counts)).toEqual(problem);
});
