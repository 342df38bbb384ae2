import { expect, test } from 'vitest';
import { secondsAhead } from './clock.ts';

test.each([
  ['the same time', { asked: 1000, answered: 1010, server: 1005 }, 0],
  ['an answer that took long', { asked: 1000, answered: 61_000, server: 1005 }, 0],
  ['an hour ahead', { asked: 3_600_000, answered: 3_600_100, server: 0 }, 3600],
  ['ten minutes behind', { asked: 0, answered: 100, server: 600_100 }, -600],
  ['a server that tells seconds', { asked: 1900, answered: 1910, server: 1000, roundedMs: 999 }, 0],
  ['the same, ahead', { asked: 5000, answered: 5010, server: 1000, roundedMs: 999 }, 3],
])('%s', (_what, reading, seconds) => {
  expect(secondsAhead(reading)).toBe(seconds);
});

test.each([
  [2000, 0],
  [2100, 2.1],
  [-2000, 0],
  [-2100, -2.1],
])('a clock that is %d ms ahead', (ms, seconds) => {
  const server = 1_000_000;
  expect(secondsAhead({ asked: server + ms, answered: server + ms, server })).toBe(seconds);
});
