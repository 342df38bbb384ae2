import { expect, test } from 'vitest';
import { feastIn, feasts } from './feasts.ts';

test.each([
  ['easterSunday', 1961, '1961-04-02'],
  ['easterSunday', 2008, '2008-03-23'],
  ['easterSunday', 2019, '2019-04-21'],
  ['easterSunday', 2024, '2024-03-31'],
  ['easterSunday', 2038, '2038-04-25'],
  ['goodFriday', 2026, '2026-04-03'],
  ['shroveTuesday', 2024, '2024-02-13'],
  ['ascension', 2026, '2026-05-14'],
  ['whitMonday', 2025, '2025-06-09'],
  ['corpusChristi', 2026, '2026-06-04'],
  ['whitsun', 2026, '2026-05-24 2026-05-25'],
  ['roshHashanah', 2026, '2026-09-12 2026-09-13'],
  ['yomKippur', 2025, '2025-10-02'],
  ['seder', 2026, '2026-04-01'],
  ['passover', 2027, '2027-04-22'],
  ['shavuot', 2026, '2026-05-22'],
  ['hanukkah', 2026, '2026-12-05'],
  ['purim', 2026, '2026-03-03'],
  ['purim', 2027, '2027-03-23'],
])('%s of %i is %s', (feast, year, expected) => {
  expect(feastIn(feast, year).join(' ')).toBe(expected);
});

test.each(feasts)('every year has a date for %s', (feast) => {
  for (let year = 2024; year < 2060; year++) expect(feastIn(feast, year)).not.toEqual([]);
});
