import { expect, test } from 'vitest';
import { boundsOfDay } from './days.ts';

test.each([
  ['UTC', '2026-11-29', '2026-11-29T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
  ['Asia/Tokyo', '2026-11-29', '2026-11-28T15:00:00.000Z', '2026-11-29T15:00:00.000Z'],
  ['America/New_York', '2026-12-31', '2026-12-31T05:00:00.000Z', '2027-01-01T05:00:00.000Z'],
  // Changes of daylight saving time: days of 23 and 25 hours.
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
  ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
])('in %s the day %s begins and ends', (zone, day, after, before) => {
  expect(boundsOfDay(day, zone)).toEqual({ after, before });
});

test.each(['', 'today', '2026-13-01', '2026-1-1'])('%j is not a valid day', (day) => {
  expect(boundsOfDay(day, 'UTC')).toBeUndefined();
});
