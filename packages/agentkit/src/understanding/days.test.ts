import { expect, test } from 'vitest';
import { loadProfile } from '../profile/read-profile.ts';
import { findDays } from './days.ts';
import { words } from './fold.ts';
import { createKnowledge } from './knowledge.ts';
import { loadLanguages } from './language-reader.ts';
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
  ['en', 'tomorrow or friday', '03-12 03-13'],
  ['es', 'mañana o el viernes', '03-12 03-13'],
  ['de', 'Montag morgen', '03-16'],
  ['de', 'morgen oder Montag', '03-12 03-16'],
  ['en', 'in 3 days', '03-14'],
  ['en', 'in two weeks', '03-25'],
  ['en', 'in a week', '03-18'],
  ['es', 'dentro de tres días', '03-14'],
  ['de', 'in 2 Wochen', '03-25'],
  ['he', 'בעוד שבועיים', ''],
  ['he', 'בעוד 3 ימים', '03-14'],
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
  ['he', '12 לספטמבר', '09-12'],
  ['he', 'ב12 בספטמבר', '09-12'],
  ['he', 'ב-25/12', '12-25'],
  ['es', '6 enero 2028', '2028-01-06'],
  ['es', '6 de enero de 2028', '2028-01-06'],
  ['en', 'January 6, 2028', '2028-01-06'],
  ['en', 'christmas 2027', '2027-12-25'],
  ['fr', '25 décembre 2028', '2028-12-25'],
  ['en', '24th and 25th december', '12-24 12-25'],
  ['en', 'december 24 or 25', '12-24 12-25'],
  ['fr', 'le 24 et le 25 décembre', '12-24 12-25'],
  ['en', 'saturday 28 march', '03-28'],
  ['en', 'saturday the 28th of march', '03-28'],
  ['de', 'Samstag, 28.3. offen?', '03-28'],
  ['en', 'saturday and 25 december', '03-14 12-25'],
  ['en', 'on the 4th', '04-04'],
  ['en', 'open on the 31st?', '03-31'],
  ['en', 'on the 4th floor', ''],
  ['de', 'am 4.', '04-04'],
  ['de', 'am 4 Tisch', ''],
  ['es', 'el día 4', '04-04'],
  ['fr', 'le 14', '03-14'],
  ['he', 'ב-14 לחודש', '03-14'],
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
  ['25.12.2028', '2028-12-25'],
  ['25-12-2028', '2028-12-25'],
  ['2026/12/25', '12-25'],
  ['24.12. und 25.12.', '12-24 12-25'],
  ['offen 24. und 25.12.?', '12-24 12-25'],
  ['24/7', ''],
  ['offen 7/7', ''],
  ['Bewertung 4.5', ''],
  ['Bewertung 4.5.', ''],
  ['3.5 Stunden', ''],
  ['am 4.5', '05-04'],
  ['am 25.12.', '12-25'],
  ['bis 17.30 Uhr', ''],
  ['1/2 Kilo', ''],
  ['+49 30/123', ''],
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
  ['en', 'New Years Eve', '12-31'],
  ['en', 'good friday', '04-03'],
  ['es', 'viernes santo', '04-03'],
  ['fr', 'vendredi saint', '04-03'],
  ['de', 'Karfreitag', '04-03'],
  ['en', 'easter sunday', '04-05'],
  ['en', 'easter monday', '04-06'],
  ['en', 'easter', '04-03 04-05 04-06'],
  ['fr', 'mardi gras', '2027-02-09'],
  ['de', 'Christi Himmelfahrt', '05-14'],
  ['de', 'Pfingstmontag', '05-25'],
  ['he', 'יום כיפור', '09-21'],
  ['he', 'ליל הסדר', '04-01'],
  ['he', 'פסח', '04-02'],
  ['en', 'passover', '04-02'],
  ['en', 'rosh hashanah', '09-12 09-13'],
  ['en', 'shavuot', '05-22'],
  ['en', 'sukkot', '09-26'],
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
])('across the end of a year or of February, "%s" on %s is %s', (text, on, expected) => {
  expect(datesOf('en', text, on)).toBe(expected);
});

test.each([
  ['en', 'open on friday please', [2]],
  ['en', 'the day after tomorrow', [0, 1, 2, 3]],
  ['en', 'December the 25th', [0, 1, 2]],
  ['es', 'el lunes por la mañana', [1, 2, 3, 4]],
  ['es', 'el fin de semana', [1, 2, 3]],
  ['fr', 'ce week-end', [1, 2]],
  ['he', 'פתוחים ביום שישי', [1, 2]],
])('in %s the positions of the words in "%s" that name the day are %j', (code, text, expected) => {
  expect([...find(code, text).positions].toSorted((one, other) => one - other)).toEqual(expected);
});

test.each([
  ['2027-02-29', true],
  ['2026-02-30', true],
  ['29.2.2027', true],
  ['31 April', true],
  ['am 31.4.', true],
  ['bis 17.30', false],
  ['call 030 12.34.56', false],
  ['friday or 31 April', false],
  ['Friday', false],
])('"%s" contains an impossible date: %s', (text, expected) => {
  expect(findDays(words(text), text, today, languages).hasInvalidDate).toBe(expected);
});

test.each([
  ['en', 'monday to friday', '03-16 03-17 03-18 03-19 03-20', true],
  ['en', 'monday-friday', '03-16 03-17 03-18 03-19 03-20', true],
  ['de', 'Montag bis Samstag', '03-16 03-17 03-18 03-19 03-20 03-21', true],
  ['es', 'de lunes a viernes', '03-16 03-17 03-18 03-19 03-20', true],
  ['fr', 'du lundi au vendredi', '03-16 03-17 03-18 03-19 03-20', true],
  ['he', 'מיום ראשון עד יום חמישי', '03-15 03-16 03-17 03-18 03-19', true],
  ['he', 'ראשון עד חמישי', '03-15 03-16 03-17 03-18 03-19', true],
  ['de', 'Montag und Freitag bis Sonntag', '03-13 03-14 03-15', false],
  ['en', 'friday to sunday', '03-13 03-14 03-15', false],
  ['he', 'שישי עד ראשון', '03-13 03-14 03-15', false],
  ['de', 'vom 24. bis 26.12.', '12-24 12-25 12-26', false],
  ['de', '24.-26. Dezember', '12-24 12-25 12-26', false],
  ['en', '24 december to 6 january', '12-24 12-25 12-26 12-27 12-28 12-29 12-30', true],
])('in %s "%s" is the range %s', (code, text, expected, isRange) => {
  expect([datesOf(code, text), find(code, text).isRange]).toEqual([expected, isRange]);
});

const askedOn = async (text: string, language?: string) => {
  const loaded = await loadProfile();
  const profile = language === undefined ? loaded : { ...loaded, language };
  const knowledge = createKnowledge(profile);
  const { intents } = understand(text, knowledge, profile, { now: new Date('2026-03-11T12:00:00Z') });
  return intents.map((one) =>
    one.kind === 'days' ? one.dates.join(' ') : one.topic === knowledge.hoursTopic ? 'week' : 'other',
  );
};

test.each([
  ['sunday?', ['2026-03-15']],
  ['monday morning?', ['2026-03-16']],
  ['and on friday?', ['2026-03-13']],
  ['übermorgen?', ['2026-03-13']],
  ['pasado mañana?', ['2026-03-13']],
  ['este finde', ['2026-03-14 2026-03-15']],
  ['et dimanche ?', ['2026-03-15']],
  ['מחרתיים', ['2026-03-13']],
  ['christmas?', ['2026-12-25']],
  ['monday to friday?', ['week']],
  ['open monday to friday?', ['week']],
  ['are you open on 2027-02-29?', []],
  ['are you open on good friday?', ['2026-04-03']],
  ['happy friday', []],
  ['what about sunday?', ['2026-03-15']],
  ['Wer hat gestern gewonnen?', []],
  ['yesterday?', []],
  ['who is it tomorrow?', []],
  ['מתי אתם סוגרים ואיפה אתם', ['week', 'other']],
  ['are you open 24/7?', ['week']],
  ['open 25/12 and where are you?', ['2026-12-25', 'other']],
  ['Sind Sie am 25.12. offen und wo sind Sie?', ['2026-12-25', 'other']],
  ['פתוחים ב-25/12 ואיפה אתם', ['2026-12-25', 'other']],
  ['Habt ihr Samstag, 28.3. offen?', ['2026-03-28']],
  ['ומה עם מחר?', ['2026-03-12']],
  ['5 people on saturday', []],
  ['sunday or monday?', ['2026-03-15 2026-03-16']],
  ['next friday?', ['2026-03-13']],
  ['nächsten Freitag?', ['2026-03-13']],
  ['mon-fri?', ['week']],
])('the whole message "%s" asks for %j', async (text, expected) => {
  expect(await askedOn(text)).toEqual(expected);
});

test.each([
  ['niedziela?', ['2026-03-15']],
  ['w niedzielę?', ['2026-03-15']],
  ['jutro?', ['2026-03-12']],
  ['1 maja?', ['2026-05-01']],
])('reads days in a language without files: "%s" as %j', async (text, expected) => {
  expect(await askedOn(text, 'pl')).toEqual(expected);
});

test.each([
  ['Pacific/Kiritimati', '2026-03-11T12:00:00Z', '2026-03-13'],
  ['Pacific/Kiritimati', '2026-03-11T09:00:00Z', '2026-03-12'],
  ['Pacific/Pago_Pago', '2026-03-11T10:00:00Z', '2026-03-11'],
  ['Pacific/Pago_Pago', '2026-03-11T12:00:00Z', '2026-03-12'],
  ['Asia/Kathmandu', '2026-03-11T18:20:00Z', '2026-03-13'],
])('tomorrow depends on the time zone of the business: %s at %s', async (timeZone, now, expected) => {
  const profile = { ...(await loadProfile()), timeZone };
  const { intents } = understand('Are you open tomorrow?', createKnowledge(profile), profile, {
    now: new Date(now),
  });
  expect(intents).toEqual([{ kind: 'days', dates: [expected] }]);
});
