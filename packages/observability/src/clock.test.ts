import { expect, test } from 'vitest';
import { clockAheadSeconds } from './clock.ts';

test.each([
  ['clocks in step', { sentAt: 1000, receivedAt: 1010, serverTime: 1005 }, 0],
  ['a slow reply', { sentAt: 1000, receivedAt: 61_000, serverTime: 1005 }, 0],
  ['an hour ahead', { sentAt: 3_600_000, receivedAt: 3_600_100, serverTime: 0 }, 3600],
  ['ten minutes behind', { sentAt: 0, receivedAt: 100, serverTime: 600_100 }, -600],
  [
    'a server that replies in whole seconds',
    { sentAt: 1900, receivedAt: 1910, serverTime: 1000, roundedDownMs: 999 },
    0,
  ],
  [
    'ahead of a server that replies in whole seconds',
    { sentAt: 5000, receivedAt: 5010, serverTime: 1000, roundedDownMs: 999 },
    3,
  ],
])('%s', (_case, comparison, seconds) => {
  expect(clockAheadSeconds(comparison)).toBe(seconds);
});

test.each([
  [2000, 0],
  [2100, 2.1],
  [-2000, 0],
  [-2100, -2.1],
])('a clock that is %d ms ahead counts as %d s ahead', (ms, seconds) => {
  const serverTime = 1_000_000;
  const localTime = serverTime + ms;
  expect(clockAheadSeconds({ sentAt: localTime, receivedAt: localTime, serverTime })).toBe(seconds);
});
