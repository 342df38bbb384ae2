import { expect, test } from 'vitest';
import { judgeWorkers } from './workers.ts';

test.each([
  [{ live: 1, lost: 0, expected: 1 }, undefined],
  [{ live: 2, lost: 1, expected: 1 }, undefined],
  [{ live: 0, lost: 0, expected: 0 }, undefined],
  [
    { live: 1, lost: 0, expected: 3 },
    { failed: false, reason: 'too_few' },
  ],
  [
    { live: 0, lost: 2, expected: 1 },
    { failed: true, reason: 'stale' },
  ],
  [
    { live: 0, lost: 0, expected: 1 },
    { failed: true, reason: 'not_ready' },
  ],
])('workers %j are judged %j', (seen, judgement) => {
  expect(judgeWorkers(seen)).toEqual(judgement);
});
