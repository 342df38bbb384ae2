import { expect, test } from 'vitest';
import { loadProfile } from '../profile/read-profile.ts';
import { findDays } from './days.ts';
import { words } from './fold.ts';
import { createKnowledge } from './knowledge.ts';
import { loadLanguages } from './language.ts';
import { understand } from './understand.ts';

const languages = loadLanguages();
/** A Wednesday. */
const today = '2026-03-11';
const find = (code: string, text: string, on = today) =>
  findDays(
    words(text),
    text,
    on,
    languages.filter((language) => language.code === code),
  );
const datesOf = (code: string, text: string, on = today): string =>
  find(code, text, on)
    .dates.map((date) => date.slice(on.slice(0, 5) === date.slice(0, 5) ? 5 : 0))
    .join(' ');

test.each([
  ['en', 'open on Friday', '03-13'],
  ['en', 'on Fridays?', '03-13'],
  ['en', 'Wednesday', '03-11'],
  ['en', 'Tuesday', '03-17'],
  ['en', 'sundays and mondays', '03-15 03-16'],
  ['en', 'at the weekend', '03-14 03-15'],
  ['en', 'today', '03-11'],
  ['en', 'tomorrow', '03-12'],
  ['en', 'the day after tomorrow', '03-13'],
  ['en', 'yesterday', '03-10'],
  ['en', 'monday tuesday friday saturday', '03-13 03-14 03-16'],
  ['en', 'Friday, not tomorrow', '03-13'],
  ['en', 'at 10:30 for 1.150', ''],
  ['de', 'am Montag', '03-16'],
  ['de', 'montags', '03-16'],
  ['de', 'Sonnabend', '03-14'],
  ['de', 'am Wochenende', '03-14 03-15'],
  ['de', 'heute', '03-11'],
  ['de', 'morgen', '03-12'],
  ['de', 'übermorgen', '03-13'],
  ['es', 'el lunes', '03-16'],
  ['es', 'los sábados', '03-14'],
  ['es', 'los domingos', '03-15'],
  ['es', 'el fin de semana', '03-14 03-15'],
  ['es', 'hoy', '03-11'],
  ['es', '¿Abren mañana?', '03-12'],
  ['es', 'el lunes por la mañana', '03-16'],
  ['es', 'pasado mañana', '03-13'],
  ['fr', 'le vendredi', '03-13'],
  ['fr', 'les dimanches', '03-15'],
  ['fr', 'ce week-end', '03-14 03-15'],
  ['fr', "aujourd'hui", '03-11'],
  ['fr', 'demain', '03-12'],
  ['fr', 'après-demain', '03-13'],
  ['he', 'יום שישי', '03-13'],
  ['he', 'ביום שישי', '03-13'],
  ['he', 'שביום שני', '03-16'],
  ['he', 'ובשבת', '03-14'],
  ['he', 'בסוף השבוע', '03-13 03-14'],
  ['he', 'היום', '03-11'],
  ['he', 'מחר', '03-12'],
  ['he', 'מחרתיים', '03-13'],
])('in %s "%s" names the weekday or relative day %s', (code, text, expected) => {
  expect(datesOf(code, text)).toBe(expected);
});

test.each([
  ['en', '25 December', '12-25'],
  ['en', 'December the 25th', '12-25'],
  ['en', 'Dec 25', '12-25'],
  ['en', 'on the 14th of May', '05-14'],
  ['en', 'may I come in march', ''],
  ['en', '31 April', ''],
  ['en', '32 May', ''],
  ['de', 'am 14. Mai', '05-14'],
  ['de', 'am 1. März', '2027-03-01'],
  ['es', 'el 14 de mayo', '05-14'],
  ['fr', 'le 1er mai', '05-01'],
  ['fr', 'le 2 août', '08-02'],
  ['he', '14 במאי', '05-14'],
  ['he', 'ב-14 למאי', '05-14'],
  ['he', '3 מרצה', ''],
])('in %s "%s" names the date %s', (code, text, expected) => {
  expect(datesOf(code, text)).toBe(expected);
});

test.each([
  ['25/12', '12-25'],
  ['12/25', '12-25'],
  ['5/6', '06-05'],
  ['am 14.5.', '05-14'],
  ['14.05.2026', '05-14'],
  ['14.05.27', '2027-05-14'],
  ['14.05.2025', '2025-05-14'],
  ['31.4.', ''],
  ['0/5', ''],
  ['2026-12-25', '12-25'],
  ['2025-12-25', '2025-12-25'],
  ['2027-02-29', ''],
  ['2026-13-01', ''],
])('the digits "%s" name %s', (text, expected) => {
  expect(datesOf('de', text)).toBe(expected);
});

test.each([
  ['en', 'Christmas', '12-25'],
  ['en', 'Christmas Eve', '12-24'],
  ['en', 'New Year', '2027-01-01'],
  ['de', 'Heiligabend', '12-24'],
  ['es', 'Navidad', '12-25'],
  ['fr', 'Noël', '12-25'],
])('in %s the holiday "%s" is %s', (code, text, expected) => {
  const { holidays, positions } = find(code, text);
  expect(datesOf(code, text)).toBe(expected);
  expect(holidays).toEqual(positions);
});

test.each([
  ['3 January', '2026-12-30', '2027-01-03'],
  ['tomorrow', '2026-12-31', '2027-01-01'],
  ['Friday', '2026-12-31', '2027-01-01'],
  ['yesterday', '2027-01-01', '2026-12-31'],
  ['Christmas', '2026-12-25', '12-25'],
  ['Christmas', '2026-12-26', '2027-12-25'],
  ['29 February', '2026-03-11', '2028-02-29'],
  ['Feb 29', '2028-02-29', '02-29'],
  ['29.2.', '2028-03-01', '2032-02-29'],
  ['tomorrow', '2028-02-28', '02-29'],
  ['tomorrow', '2026-02-28', '03-01'],
])('over the ends of years and of February "%s" said on %s is %s', (text, on, expected) => {
  expect(datesOf('en', text, on)).toBe(expected);
});

test.each([
  ['en', 'open on friday please', [2]],
  ['en', 'the day after tomorrow', [0, 1, 2, 3]],
  ['en', 'December the 25th', [0, 1, 2]],
  ['es', 'el lunes por la mañana', [1, 4]],
  ['es', 'el fin de semana', [1, 2, 3]],
  ['fr', 'ce week-end', [1, 2]],
  ['he', 'פתוחים ביום שישי', [1, 2]],
])('in %s the words of "%s" that name the day are %j', (code, text, expected) => {
  expect([...find(code, text).positions].toSorted((one, other) => one - other)).toEqual(expected);
});

test.each([
  ['en', 'are you open now', true],
  ['en', 'are you open', false],
  ['de', 'habt ihr jetzt offen', true],
])('in %s "%s" asks for now: %s', (code, text, expected) => {
  expect(find(code, text).isNow).toBe(expected);
});

test.each([
  ['Pacific/Kiritimati', '2026-03-11T12:00:00Z', '2026-03-13'],
  ['Pacific/Kiritimati', '2026-03-11T09:00:00Z', '2026-03-12'],
  ['Pacific/Pago_Pago', '2026-03-11T10:00:00Z', '2026-03-11'],
  ['Pacific/Pago_Pago', '2026-03-11T12:00:00Z', '2026-03-12'],
  ['Asia/Kathmandu', '2026-03-11T18:20:00Z', '2026-03-13'],
])('tomorrow is that of the business in %s at %s', async (timeZone, now, expected) => {
  const profile = { ...(await loadProfile()), timeZone };
  const { found } = understand('Are you open tomorrow?', createKnowledge(profile), profile, {
    now: new Date(now),
  });
  expect(found).toEqual([{ kind: 'days', dates: [expected] }]);
});
