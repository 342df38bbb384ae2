import { expect, test } from 'vitest';
import {
  agoText,
  bytesText,
  countText,
  dayText,
  durationText,
  numberText,
  timeText,
  timeZone,
} from './format.ts';

test.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [60, '1 min'],
  [3599, '59 min'],
  [3600, '1 h'],
  [7500, '2 h 5 min'],
  [86_400, '1 d'],
  [100_000, '1 d 3 h'],
  [-5, '0 s'],
  [Number.NaN, '–'],
])('%d s is %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test('small numbers have decimals, and unknown numbers are a dash', () => {
  expect([0.123, 12.34, 1234.5, null, undefined].map(numberText)).toEqual([
    '0.12',
    '12.3',
    '1,235',
    '–',
    '–',
  ]);
  expect([0, 1023, 1024, 5 * 1024 ** 2].map(bytesText)).toEqual(['0 B', '1,023 B', '1 KB', '5 MB']);
  expect([countText(1, 'chat'), countText(2, 'chat')]).toEqual(['1 chat', '2 chats']);
});

test('times are shown in the zone of the business, with the day when it is another one', () => {
  timeZone.value = 'Asia/Tokyo';
  const now = Date.UTC(2026, 10, 29, 20);
  expect(timeText('2026-11-29T18:05:00Z', now)).toMatch(/^0?3:05/);
  expect(timeText('2026-11-29T10:05:00Z', now)).toMatch(/29/);
  expect(agoText('2026-11-29T19:55:00Z', now)).toBe('5 min ago');
  expect(dayText('2026-11-29T15:05:00Z', now)).toBe('Today');
  expect(dayText('2026-11-29T14:55:00Z', now)).toBe('Yesterday');
  expect(dayText('2026-11-28T14:55:00Z', now)).toMatch(/28/);
});
